import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { describe, expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import {
  chainedKeyStore,
  createAuthenticator,
  type KeyStore,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
  type PublicKey,
} from '../../src/index.ts';

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const newKey = () => PrivateKey.generate('ed25519');

/** Returns a promise, as a database does. */
const later = <User>(store: KeyStore<User>): KeyStore<User> => ({
  find: async (username, hint) => store.find(username, hint),
});

describe.each(['at once', 'later'])(
  'chainedKeyStore meets the key store contract, with stores that respond %s',
  (when) => {
    const cases = keyStoreContract({
      states: ['active', 'staged', 'revoked'],
      around: (inner) => chainedKeyStore(memoryKeyStore(), inner, memoryKeyStore()),
      make(users) {
        const stores = [memoryKeyStore(), memoryKeyStore()] as const;
        users.forEach(({ username, disabled, keys }, index) => {
          const store = stores[index % 2 === 0 ? 1 : 0];
          store.setUser(username, { user: username, disabled });
          for (const { key, state } of keys) store.addKey(username, key as PublicKey, { state });
        });
        return when === 'at once' ? chainedKeyStore(...stores) : chainedKeyStore(later(stores[0]), later(stores[1]));
      },
    });
    for (const { name, run } of cases) test(name, run);
  },
);

async function twoStores() {
  const [key, other] = [await newKey(), await newKey()];
  const [first, second] = [memoryKeyStore(), memoryKeyStore()];
  second.addKey('guido', key.publicKey);
  const reasonOf = async (store: KeyStore<unknown>) => {
    const reasons: string[] = [];
    const auth = createAuthenticator({
      keys: store,
      nonces: memoryNonceStore(),
      onResult: ({ reason }) => reasons.push(reason),
    });
    await auth.authenticate({ authorization: await createAuthorization({ username: 'guido', key }) });
    return reasons[0];
  };
  return { first, second, key, other, reasonOf };
}

test('accepts a user who is only in the second store', async () => {
  const { first, second, reasonOf } = await twoStores();
  expect(await reasonOf(chainedKeyStore(first, second))).toBe('accepted');
  expect(await reasonOf(chainedKeyStore(later(first), second))).toBe('accepted');
});

test('refuses a user who is disabled in the first store and enabled in the second', async () => {
  const { first, second, reasonOf } = await twoStores();
  first.setUser('guido', { user: 'guido', disabled: true });
  expect(await reasonOf(chainedKeyStore(first, second))).toBe('user_disabled');
});

test('refuses a user whose key is missing, different or revoked in the first store', async () => {
  const { first, second, key, other, reasonOf } = await twoStores();
  first.setUser('guido', { user: 'guido' });
  expect(await reasonOf(chainedKeyStore(first, second))).toBe('unknown_key');
  first.addKey('guido', other.publicKey);
  expect(await reasonOf(chainedKeyStore(first, second))).toBe('unknown_key');
  first.addKey('guido', key.publicKey, { state: 'revoked' });
  expect(await reasonOf(chainedKeyStore(later(first), second))).toBe('key_revoked');
});

test.each(['throws', 'rejects'])('fails if a store %s, and does not call the next store', async (how) => {
  const { second, reasonOf } = await twoStores();
  const broken: KeyStore<string> = {
    find: () => {
      if (how === 'throws') throw new Error('down');
      return Promise.reject(new Error('down'));
    },
  };
  expect(await reasonOf(chainedKeyStore(broken, second))).toBe('unavailable');
  expect(await reasonOf(chainedKeyStore(second, broken))).toBe('accepted');
});

test('ignores a store that finds a user with a different name', async () => {
  const { second, other, reasonOf } = await twoStores();
  const careless: KeyStore<string> = {
    find: (username) => ({
      username: username.toUpperCase(),
      user: 'GUIDO',
      disabled: false,
      keys: [{ key: other.publicKey, state: 'active' }],
    }),
  };
  expect(await reasonOf(chainedKeyStore(careless, second))).toBe('accepted');
});

test('passes recordUse to the store that found the key', async () => {
  const uses: string[] = [];
  const [one, two] = [await newKey(), await newKey()];
  const store = (name: string, username: string, { publicKey: key }: PrivateKey): KeyStore<string> => ({
    find: (asked) =>
      asked === username ? { username, user: '', disabled: false, keys: [{ key, state: 'active' }] } : undefined,
    recordUse: (_key, at) => uses.push(`${name} ${at}`),
  });
  const chained = chainedKeyStore(store('first', 'guido', one), store('second', 'tim', two), memoryKeyStore());
  await chained.find('tim', HINT);
  await chained.find('guido', HINT);
  chained.recordUse?.(two.publicKey, 7);
  chained.recordUse?.(one.publicKey, 8);
  chained.recordUse?.((await newKey()).publicKey, 9);
  expect(uses).toEqual(['second 7', 'first 8']);
});

test.each([[[]], [[undefined]], [[{}]]])('refuses %j, which is not a key store', (stores) => {
  expect(() => chainedKeyStore(...(stores as KeyStore<unknown>[]))).toThrow(
    /^chainedKeyStore: (?:needs at least one key store|store 1: must be a key store)/,
  );
});
