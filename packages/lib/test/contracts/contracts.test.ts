import {
  keyStoreContract,
  type NonceRace,
  type NonceStoreFixture,
  type NonceStoreSetup,
  nonceStoreContract,
  signerContract,
} from 'asymmetric-jwt-auth/testing';
import { describe, expect, test } from 'vitest';
import { type KeyStore, memoryKeyStore, memoryNonceStore, type NonceStore, PrivateKey } from '../../src/index.ts';

describe('memoryNonceStore meets the nonce store contract', () => {
  const cases = nonceStoreContract({
    make: (setup) => memoryNonceStore(setup),
    restart: 'its nonces are lost when its process ends',
    loseMemory: (_, setup) => memoryNonceStore(setup),
    race: 'processes cannot share it',
  });
  for (const { name, run } of cases) test(name, run);
});

describe('memoryKeyStore meets the key store contract', () => {
  const cases = keyStoreContract({
    make(users) {
      const store = memoryKeyStore<unknown>();
      for (const { username, disabled, keys } of users) {
        store.setUser(username, { user: undefined, disabled });
        for (const { key, state } of keys) store.addKey(username, key, { state });
      }
      return store;
    },
  });
  for (const { name, run } of cases) test(name, run);
});

describe.each([
  ['ed25519', {}],
  ['rsa', { bits: 2048 }],
  ['rsa', { bits: 2048, alg: 'PS384' }],
  ['ec', {}],
  ['ec', { curve: 'P-384' }],
  ['ec', { curve: 'P-521' }],
] as const)('PrivateKey (%s %o) meets the signer contract', (type, options) => {
  const cases = signerContract({
    async make() {
      const signer = await PrivateKey.generate(type, options);
      return { signer, publicKey: signer.publicKey };
    },
  });
  for (const { name, run } of cases) test(name, run);
});

test('a contract suite skips the cases that a fixture cannot run', () => {
  const make = () => memoryNonceStore();
  const able = nonceStoreContract({ make, restart: make, loseMemory: make, race: async () => [] });
  const unable = nonceStoreContract({ make, restart: 'a reason', loseMemory: 'a reason', race: 'a reason' });
  expect(unable.map(({ name }) => name)).toEqual(nonceStoreContract({ make }).map(({ name }) => name));
  expect(able.length - unable.length).toBe(3);
});

/** Stores with typical faults, and the case of the suite that must detect each fault. */
describe('the contract suite for nonce stores detects', () => {
  const checkThenRecord = (): NonceStore => {
    const seen = new Set<string>();
    return {
      ...serving,
      async claim({ username, time, nonce }) {
        const key = JSON.stringify([username, time, nonce]);
        const known = await Promise.resolve(seen.has(key));
        seen.add(key);
        return known ? 'replayed' : 'claimed';
      },
    };
  };
  const keyedBy =
    (keyOf: (claim: { username: string; time: number; nonce: string | number }) => string) => (): NonceStore => {
      const seen = new Set<string>();
      return {
        ...serving,
        claim(claim) {
          const key = keyOf(claim);
          if (seen.has(key)) return 'replayed';
          seen.add(key);
          return 'claimed';
        },
      };
    };
  const forgetting = (lifetime: number) => (): NonceStore => {
    const seen = new Map<string, number>();
    return {
      ...serving,
      claim({ username, time, nonce }, now) {
        for (const [key, until] of seen) if (until < now) seen.delete(key);
        const key = JSON.stringify([username, time, nonce]);
        if (seen.has(key)) return 'replayed';
        seen.set(key, now + lifetime);
        return 'claimed';
      },
    };
  };
  const closing =
    (close: (end: () => void) => void) =>
    (setup: NonceStoreSetup): NonceStore => {
      const inner = memoryNonceStore(setup);
      let isClosed = false;
      const refuse = () => {
        if (isClosed) throw new Error('closed');
      };
      return {
        ...inner,
        readiness: (now) => (isClosed ? { ready: false, reason: 'closed' } : inner.readiness(now)),
        async claim(...asked) {
          refuse();
          await Promise.resolve();
          refuse();
          return inner.claim(...asked);
        },
        close: () =>
          close(() => {
            isClosed = true;
          }),
      };
    };
  const serving = { tolerance: 600, open() {}, readiness: () => ({ ready: true }) as const };

  test.each([
    ['a check followed by a write', checkThenRecord, 'lets exactly one of 200'],
    [
      'a key that concatenates the parts of a claim',
      keyedBy(({ username, time, nonce }) => `${username}${nonce}${time}`),
      'does not confuse claims',
    ],
    [
      'a number treated as a string',
      keyedBy(({ username, time, nonce }) => JSON.stringify([username, time, String(nonce)])),
      'does not confuse claims',
    ],
    [
      'usernames compared without case',
      keyedBy(({ username, time, nonce }) => JSON.stringify([username.toLowerCase(), time, nonce])),
      'does not confuse claims',
    ],
    ['a lifetime of twice the tolerance', forgetting(40), 'remembers a nonce until'],
    ['records that expire without a floor', forgetting(60), 'never claims a nonce again'],
    ['a store that accepts claims after close()', closing(() => {}), 'completes the claims in flight'],
    ['a store that refuses claims in flight at close()', closing((end) => end()), 'completes the claims in flight'],
  ])('%s', async (_fault, make, name) => {
    const failing = nonceStoreContract({ make }).find((one) => one.name.startsWith(name));
    await expect(failing?.run()).rejects.toThrow('expected');
  });

  const caseOf = (fixture: Partial<NonceStoreFixture>, name: string) =>
    nonceStoreContract({ make: (setup) => memoryNonceStore(setup), ...fixture }).find((one) =>
      one.name.startsWith(name),
    );
  const forgetful = (_: NonceStore, setup: NonceStoreSetup) => memoryNonceStore({ ...setup, afterLoss: 'accept' });
  const shut = (_: NonceStore, setup: NonceStoreSetup) => memoryNonceStore({ ...setup, afterLoss: 'quarantine' });

  test.each([
    ['a store that forgets nonces in a restart', { restart: forgetful }, 'remembers every nonce after a restart'],
    [
      'a store that does not raise the floor after a loss',
      { loseMemory: forgetful },
      'refuses nonces of earlier seconds',
    ],
    ['a store that refuses all tokens forever after a loss', { loseMemory: shut }, 'refuses nonces of earlier seconds'],
    [
      'a store that processes cannot share',
      { race: async ({ nonces }: NonceRace) => [{ claimed: nonces }, { claimed: nonces }] },
      'lets one of several processes',
    ],
  ])('%s', async (_fault, fixture, name) => {
    await expect(caseOf(fixture, name)?.run()).rejects.toThrow(/expected|no new token/);
  });
});

describe('the contract suite for key stores detects', () => {
  test('a store that returns a user for any name', async () => {
    const make = (): KeyStore<unknown> => ({ find: (username) => ({ username, user: 0, disabled: false, keys: [] }) });
    const failing = keyStoreContract({ make }).find((one) => one.name.startsWith('finds no user for an unknown'));
    await expect(failing?.run()).rejects.toThrow('finds no user, or returns alice');
  });

  test.each<[string, string, (inner: KeyStore<unknown>) => KeyStore<unknown>]>([
    [
      'a wrapper that supports only native promises',
      'accepts a thenable from an inner store',
      (inner) => ({
        find(username, hint) {
          const found = inner.find(username, hint);
          return found instanceof Promise
            ? found
            : (found as { username?: string })?.username === username
              ? found
              : null;
        },
      }),
    ],
    [
      'a wrapper that does not support null',
      'accepts a value from an inner store',
      (inner) => ({
        async find(username, hint) {
          const found = (await inner.find(username, hint)) as { username: string } | undefined;
          return found === undefined ? undefined : ({ ...found, username: found.username } as never);
        },
      }),
    ],
    [
      'a wrapper that treats a failure as an unknown user',
      'fails if the inner store fails',
      (inner) => ({
        async find(username, hint) {
          try {
            return await inner.find(username, hint);
          } catch {
            return undefined;
          }
        },
      }),
    ],
  ])('%s', async (_fault, name, around) => {
    const failing = keyStoreContract({ make: () => memoryKeyStore(), around }).find((one) => one.name.startsWith(name));
    await expect(failing?.run()).rejects.toThrow();
  });
});
