import { clientOf, newKey, publish, startPublisher } from 'ajwt-testkit/jwks-publisher';
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { describe, expect, test } from 'vitest';
import { cachedKeyStore, type KeyStore, memoryKeyStore, type PublicKey, type UserRecord } from '../../../src/index.ts';
import { withJwks } from '../../../src/jwks.ts';

const publisher = await startPublisher();
const hintOf = (kid?: string) => ({ kid, alg: 'EdDSA' }) as const;

interface Given {
  readonly own?: readonly PublicKey[];
  readonly jwksUrls?: readonly string[];
  readonly disabled?: boolean;
}

/** Makes a store with one user, wraps it, and records the keys passed to its recordUse. */
function storeOf({ own = [], jwksUrls = [publisher.url], disabled = false }: Given = {}) {
  const used: string[] = [];
  const record: UserRecord<string> = {
    ...{ username: 'acme', user: 'acme', disabled, jwksUrls },
    keys: own.map((key) => ({ key, state: 'active' })),
  };
  const inner: KeyStore<string> = {
    find: (username) => (username === 'acme' ? record : undefined),
    recordUse: (key) => void used.push(key.kid),
  };
  const { client } = clientOf(publisher);
  const store = withJwks(inner, client);
  const kids = async (kid?: string) => (await store.find('acme', hintOf(kid)))?.keys.map(({ key }) => key.kid);
  return { store, inner, client, used, kids };
}

describe('withJwks meets the key store contract', () => {
  const { client } = clientOf(publisher);
  const cases = keyStoreContract({
    around: (inner) => withJwks(inner, client),
    make(users) {
      const store = memoryKeyStore();
      for (const { username, disabled, keys } of users) {
        store.setUser(username, { user: username, disabled });
        for (const { key, state } of keys) store.addKey(username, key, { state });
      }
      return withJwks(store, client);
    },
  });
  for (const { name, run } of cases) test(name, run);
});

describe('withJwks', () => {
  test('adds the keys of the sets after those of the store', async () => {
    const [own, other] = [await newKey(), await newKey()];
    publisher.answerWith(publish([other.toJwk()]));
    expect(await storeOf({ own: [own] }).kids()).toEqual([own.kid, other.kid]);
    expect(await storeOf({ own: [own] }).kids(other.kid)).toEqual([own.kid, other.kid]);
  });

  test.each([
    ['the kid', (key: PublicKey) => key.kid],
    ['the kid in upper case', (key: PublicKey) => key.kid.toUpperCase()],
  ])('fetches nothing if %s names a key of the store', async (_, nameOf) => {
    const own = await newKey();
    expect(await storeOf({ own: [own] }).kids(nameOf(own))).toEqual([own.kid]);
    expect(publisher.seen).toHaveLength(0);
  });

  test('fetches nothing for a user who is disabled, has no sets, or is unknown', async () => {
    await storeOf({ disabled: true }).kids();
    await storeOf({ jwksUrls: [] }).kids();
    expect(await storeOf().store.find('nobody', hintOf())).toBeUndefined();
    expect(publisher.connections()).toBe(0);
  });

  test('takes the state of a key from the store, even if a set has the key under another kid', async () => {
    const key = await newKey();
    publisher.answerWith(publish([{ ...key.toJwk(), kid: 'theirs' }]));
    const record = { username: 'acme', user: 'acme', disabled: false, jwksUrls: [publisher.url] };
    const find = () => ({ ...record, keys: [{ key, state: 'revoked' }] }) as const;
    const both = withJwks({ find }, clientOf(publisher).client);
    expect((await both.find('acme', hintOf('theirs')))?.keys).toMatchObject([
      { state: 'revoked', issuerKid: 'theirs' },
    ]);
  });

  test('records the use of a key in the wrapped store only if that store has the key', async () => {
    const [own, other] = [await newKey(), await newKey()];
    publisher.answerWith(publish([other.toJwk()]));
    const { store, used } = storeOf({ own: [own] });
    for (const { key } of (await store.find('acme', hintOf()))?.keys ?? []) store.recordUse?.(key, 1000);
    expect(used).toEqual([own.kid]);
  });

  test('finds the right keys for each token if the wrapped store is a cache', async () => {
    const [own, first, second] = [await newKey(), await newKey(), await newKey()];
    publisher.answerWith(publish([first.toJwk(), second.toJwk()]));
    const { inner, client } = storeOf({ own: [own] });
    const store = withJwks(cachedKeyStore(inner), client);
    for (const key of [own, first, second, own, first]) {
      const found = (await store.find('acme', hintOf(key.kid)))?.keys.map((record) => record.key.kid);
      expect(found).toContain(key.kid);
    }
    expect(publisher.seen).toHaveLength(1);
  });

  test('is unavailable if a set cannot be fetched, unless the store has the key', async () => {
    publisher.answerWith((_request, response) => response.writeHead(500).end());
    const own = await newKey();
    const { kids } = storeOf({ own: [own] });
    await expect(kids('f'.repeat(64))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(kids()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await kids(own.kid)).toEqual([own.kid]);
  });
});
