import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { keyStoreContract } from 'asymmetric-jwt-auth/testing';
import { describe, expect, test } from 'vitest';
import {
  type CachedKeyStoreOptions,
  cachedKeyStore,
  type KeyStore,
  memoryKeyStore,
  PrivateKey,
  type PublicKey,
  type UserRecord,
} from '../../src/index.ts';

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const user = (username: string, until?: number): UserRecord<string> => ({
  username,
  user: username,
  disabled: false,
  keys: [],
  validUntil: until,
});

describe('cachedKeyStore meets the key store contract', () => {
  const cases = keyStoreContract({
    states: ['active', 'staged', 'revoked'],
    around: (inner) => cachedKeyStore(inner),
    make(users) {
      const store = memoryKeyStore();
      for (const { username, disabled, keys } of users) {
        store.setUser(username, { user: username, disabled });
        for (const { key, state } of keys) store.addKey(username, key as PublicKey, { state });
      }
      return cachedKeyStore(store);
    },
  });
  for (const { name, run } of cases) test(name, run);
});

/** Makes a cache for a store that counts lookups and delays each until the test calls a function. */
function countingStore(options: CachedKeyStoreOptions = {}) {
  const clock = { monotonic: 0, now: 1000 };
  const asked: string[] = [];
  const known = new Map<string, UserRecord<string>>();
  let gate: Promise<void> | undefined;
  const store: KeyStore<string> = {
    async find(username) {
      asked.push(username);
      const record = known.get(username);
      await gate;
      return record;
    },
  };
  const cache = cachedKeyStore(store, { monotonic: () => clock.monotonic, now: () => clock.now, ...options });
  const hold = () => {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => open();
  };
  return { cache, clock, asked, known, hold, find: async (name: string) => cache.find(name, HINT) };
}

describe('cachedKeyStore with a time to live', () => {
  test('caches a user for a second, so a change takes effect after that', async () => {
    const { find, clock, asked, known } = countingStore();
    known.set('guido', user('guido'));
    await find('guido');
    known.set('guido', { ...user('guido'), disabled: true });
    clock.monotonic = 0.999;
    expect(await find('guido')).toMatchObject({ disabled: false });
    clock.monotonic = 1;
    expect(await find('guido')).toMatchObject({ disabled: true });
    expect(asked).toEqual(['guido', 'guido']);
  });

  test('counts the age of a user from the start of the lookup', async () => {
    const { find, clock, asked, hold, known } = countingStore();
    known.set('guido', user('guido'));
    const open = hold();
    const first = find('guido');
    clock.monotonic = 0.9;
    open();
    await first;
    clock.monotonic = 1;
    await find('guido');
    expect(asked).toHaveLength(2);
  });

  test('of 0 caches nothing', async () => {
    const { find, asked, known } = countingStore({ ttlSeconds: 0 });
    known.set('guido', user('guido'));
    await find('guido');
    await find('guido');
    expect(asked).toHaveLength(2);
  });

  test('also caches that a username is unknown', async () => {
    const { find, asked } = countingStore();
    expect(await find('nobody')).toBeUndefined();
    expect(await find('nobody')).toBeUndefined();
    expect(asked).toHaveLength(1);
  });

  test('caches a user no longer than until one of its keys expires', async () => {
    const { find, clock, asked, known } = countingStore({ ttlSeconds: 60 });
    known.set('guido', user('guido', 1010));
    await find('guido');
    clock.now = 1009;
    await find('guido');
    expect(asked).toHaveLength(1);
    clock.now = 1010;
    await find('guido');
    expect(asked).toHaveLength(2);
  });
});

describe('cachedKeyStore with a revision', () => {
  test('caches users until the revision changes, and notices the change within 5 ms', async () => {
    let revision = 1;
    const { find, clock, asked, known } = countingStore({ revision: () => revision });
    known.set('guido', user('guido'));
    await find('guido');
    clock.monotonic = 3600;
    await find('guido');
    expect(asked).toHaveLength(1);
    revision = 2;
    clock.monotonic = 3600.006;
    await find('guido');
    expect(asked).toHaveLength(2);
  });

  test('calls revision at most once in 5 ms', async () => {
    let looks = 0;
    const { find, clock, known } = countingStore({ revision: () => looks++ * 0 });
    known.set('guido', user('guido'));
    for (let count = 0; count < 100; count++) await find('guido');
    expect(looks).toBe(1);
    clock.monotonic = 0.006;
    await find('guido');
    expect(looks).toBe(2);
  });

  test('caches nothing if revision throws', async () => {
    const { find, clock, asked, known } = countingStore({
      revision: () => {
        throw new Error('locked');
      },
    });
    known.set('guido', user('guido'));
    for (let count = 0; count < 3; count++) {
      clock.monotonic += 0.01;
      await find('guido');
    }
    expect(asked).toHaveLength(3);
  });

  test('does not cache a lookup that began before a change', async () => {
    let revision = 1;
    const { find, clock, asked, known, hold } = countingStore({ revision: () => revision });
    known.set('guido', user('guido'));
    const open = hold();
    const before = find('guido');
    known.set('guido', { ...user('guido'), disabled: true });
    revision = 2;
    clock.monotonic = 1;
    const after = find('guido');
    open();
    expect(await before).toMatchObject({ disabled: false });
    expect(await after).toMatchObject({ disabled: true });
    expect(await find('guido')).toMatchObject({ disabled: true });
    expect(asked).toHaveLength(2);
  });
});

test('cachedKeyStore uses one lookup for concurrent requests for a user, and does not cache its failure', async () => {
  let fails = true;
  const asked: string[] = [];
  const cache = cachedKeyStore<string>({
    async find(username) {
      asked.push(username);
      await Promise.resolve();
      if (fails) throw new Error('down');
      return user(username);
    },
  });
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, async () => cache.find('guido', HINT)));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  expect(asked).toHaveLength(1);
  fails = false;
  expect(await cache.find('guido', HINT)).toMatchObject({ username: 'guido' });
});

test('cachedKeyStore starts a new lookup if the one under way began more than ttlSeconds ago', async () => {
  const known = { disabled: false };
  const gates: (() => void)[] = [];
  const clock = { monotonic: 0 };
  const store = cachedKeyStore<string>(
    {
      async find(username) {
        const record = { ...user(username), ...known };
        await new Promise<void>((open) => gates.push(open));
        return record;
      },
    },
    { ttlSeconds: 1, monotonic: () => clock.monotonic },
  );
  const first = store.find('guido', HINT);
  clock.monotonic = 0.9;
  const second = store.find('guido', HINT);
  known.disabled = true;
  clock.monotonic = 1.1;
  const third = store.find('guido', HINT);
  expect(gates).toHaveLength(2);
  for (const open of gates) open();
  expect((await Promise.all([first, second, third])).map((record) => record?.disabled)).toEqual([false, false, true]);
});

test('cachedKeyStore evicts the least recently used user when it is full, but no user for unknown usernames', async () => {
  const { find, asked, known } = countingStore({ maxUsers: 10 });
  for (let index = 0; index < 10; index++) known.set(`u${index}`, user(`u${index}`));
  for (let index = 0; index < 10; index++) await find(`u${index}`);
  for (let index = 0; index < 1000; index++) await find(`stranger${index}`);
  asked.length = 0;
  for (let index = 0; index < 10; index++) await find(`u${index}`);
  expect(asked).toEqual([]);
  known.set('one more', user('one more'));
  await find('u0');
  await find('one more');
  asked.length = 0;
  await find('u0');
  await find('u1');
  expect(asked).toEqual(['u1']);
});

test('cachedKeyStore does not keep the payload of a token in memory along with its username', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  for (const isKnown of [true, false]) {
    const shared = user('a user of all');
    const cache = cachedKeyStore({ find: async () => (isKnown ? shared : undefined) }, { maxUsers: 100_000 });
    const before = held();
    // The second lookup finds the user in the cache, although its username comes from another payload.
    for (const time of ['first', 'second']) {
      for (let index = 0; index < 5000; index++) {
        const payload = Buffer.from(`{"username":"somebody of a longer name ${index}","nonce":"${time.repeat(500)}"}`);
        const text = payload.toString('latin1');
        await cache.find(text.slice(13, text.indexOf('",')), HINT);
      }
    }
    expect((held() - before) / 5000, 'bytes of memory per username').toBeLessThan(1000);
    await cache.find('somebody', HINT);
  }
});

test('cachedKeyStore looks up one user or all users again after forget()', async () => {
  const { cache, find, asked, known } = countingStore({ ttlSeconds: 60 });
  for (const name of ['guido', 'ada']) known.set(name, user(name));
  for (const name of ['guido', 'ada']) await find(name);
  cache.forget('guido');
  for (const name of ['guido', 'ada']) await find(name);
  expect(asked).toEqual(['guido', 'ada', 'guido']);
  cache.forget();
  for (const name of ['guido', 'ada']) await find(name);
  expect(asked).toHaveLength(5);
});

test('cachedKeyStore passes recordUse to the inner store', async () => {
  const used: string[] = [];
  const { publicKey } = await PrivateKey.generate('ed25519');
  cachedKeyStore({ find: () => undefined, recordUse: (key, at) => used.push(`${key.kid} ${at}`) }).recordUse?.(
    publicKey,
    7,
  );
  expect(used).toEqual([`${publicKey.kid} 7`]);
});

test.each([
  [{ ttl: -1 }, 'ttl'],
  [{ users: 0 }, 'users'],
  [{ revision: 1 }, 'revision'],
  [{ tll: 1 }, 'tll'],
])('cachedKeyStore refuses the options %j', (options, name) => {
  expect(() => cachedKeyStore(memoryKeyStore(), options as CachedKeyStoreOptions)).toThrow(`option ${name}`);
});

test('cachedKeyStore does not cache a lookup that ends after forget() was called for another user', async () => {
  const { cache, clock, known, hold, find } = countingStore({ ttlSeconds: 1 });
  known.set('bob', user('bob'));
  const release = hold();
  const first = find('bob');
  cache.forget('alice');
  release();
  await first;
  known.set('bob', { ...user('bob'), disabled: true });
  clock.monotonic += 10;
  expect(await find('bob')).toMatchObject({ disabled: true });
});
