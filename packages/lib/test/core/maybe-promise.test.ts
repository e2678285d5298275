/** Stores and hooks can return values, promises or other thenables, even broken ones. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createAuthorization, createSignedFetch, createToken } from '../../src/client.ts';
import {
  type ClaimOutcome,
  cachedKeyStore,
  chainedKeyStore,
  createAuthenticator,
  type KeyStore,
  type MaybePromise,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
  type UserRecord,
} from '../../src/index.ts';
import { jwksKeyStore, withJwks } from '../../src/jwks.ts';

const key = await PrivateKey.generate('ed25519');
const HINT = { kid: key.kid, alg: 'EdDSA' } as const;
const record: UserRecord<string> = {
  ...{ username: 'guido', user: 'guido', disabled: false },
  keys: [{ key: key.publicKey, state: 'active' }],
};

type Settle<T> = (fulfil: (value: T) => void, reject: (error: unknown) => void) => void;
/** Makes a thenable that has only `then`. */
const thenable = <T>(then: Settle<T>) => ({ then }) as unknown as PromiseLike<T>;

/** Thenables that fulfill, each in a different way. */
const GOOD: Readonly<Record<string, <T>(value: T) => PromiseLike<T>>> = {
  'a native promise': (value) => Promise.resolve(value),
  'a thenable that calls back immediately': (value) => thenable((fulfil) => fulfil(value)),
  'a thenable that calls back later': (value) => thenable((fulfil) => setImmediate(fulfil, value)),
  'a thenable that calls back twice': (value) =>
    thenable((fulfil, reject) => {
      fulfil(value);
      fulfil(undefined as never);
      reject(new Error('too late'));
    }),
  'a thenable that calls back and throws': (value) =>
    thenable((fulfil) => {
      fulfil(value);
      throw new Error('too late');
    }),
  'a thenable of a thenable': <T>(value: T) =>
    thenable<T>((fulfil) => fulfil(thenable<T>((inner) => inner(value)) as never)),
  'a function with a method then': <T>(value: T) =>
    // biome-ignore lint/suspicious/noThenProperty: this test needs a thenable
    Object.assign(() => {}, { then: (fulfil: (value: T) => void) => fulfil(value) }) as unknown as PromiseLike<T>,
};

/** Thenables that fail. */
const BAD: Readonly<Record<string, () => PromiseLike<never>>> = {
  'that rejects': () => thenable((_fulfil, reject) => reject(new Error('down'))),
  'that throws': () =>
    thenable(() => {
      throw new Error('down');
    }),
  'with a then getter that throws': () =>
    Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('down');
      },
    }) as PromiseLike<never>,
};

const authorization = () => createAuthorization({ username: 'guido', key });
const never = <T>() => thenable<T>(() => {});
afterEach(() => void vi.useRealTimers());

async function decide(keys: KeyStore<unknown>, nonces = memoryNonceStore(), onResult?: () => void) {
  const auth = createAuthenticator({ keys, nonces, ...(onResult && { onResult }) });
  const result = await auth.authenticate({ authorization: await authorization() });
  return result.ok ? 'accepted' : result.reason;
}

describe.each(Object.entries(GOOD))('%s', (_name, wrap) => {
  /** The parts of the library that call a key store. */
  const stores = {
    'the authenticator': (inner: KeyStore<string>) => inner,
    cachedKeyStore: (inner: KeyStore<string>) => cachedKeyStore(inner),
    chainedKeyStore: (inner: KeyStore<string>) => chainedKeyStore({ find: () => wrap(null) }, inner),
    withJwks: (inner: KeyStore<string>) => withJwks(inner, { jwksKeys: () => [] }),
    'the client of withJwks': (inner: KeyStore<string>) =>
      withJwks(
        { find: () => ({ ...record, keys: [], jwksUrls: ['https://keys.example/'] }) },
        { jwksKeys: () => wrap((inner && record).keys) },
      ),
  };

  test.each(Object.entries(stores))('from a key store is awaited by %s', async (_caller, around) => {
    expect(await decide(around({ find: () => wrap(record) }))).toBe('accepted');
  });

  test.each(['the authenticator', 'cachedKeyStore', 'chainedKeyStore', 'withJwks'] as const)(
    'from a key store that resolves to null means an unknown user for %s',
    async (caller) => {
      expect(await decide(stores[caller]({ find: () => wrap(null) }))).toBe('unknown_user');
    },
  );

  test('from a nonce store is awaited', async () => {
    const claim = (outcome: ClaimOutcome) => ({ ...memoryNonceStore(), claim: () => wrap(outcome) });
    expect(await decide({ find: () => record }, claim('claimed'))).toBe('accepted');
    expect(await decide({ find: () => record }, claim('replayed'))).toBe('replayed');
  });

  test('from the option users of jwksKeyStore is awaited, and null means an unknown user', async () => {
    const storeOf = (trust: { urls: string[]; disabled: boolean } | null) => jwksKeyStore({ users: () => wrap(trust) });
    expect(await decide(storeOf({ urls: ['https://keys.example/'], disabled: true }))).toBe('user_disabled');
    expect(await decide(storeOf(null))).toBe('unknown_user');
  });

  test('from a signer is awaited by createToken and createSignedFetch', async () => {
    const signer = { alg: key.alg, kid: key.kid, sign: (bytes: Uint8Array) => wrap(key.sign(bytes)) };
    const auth = createAuthenticator({ keys: { find: () => record }, nonces: memoryNonceStore() });
    const token = await createToken({ username: 'guido', key: signer });
    expect(await auth.authenticate({ authorization: `JWT ${token}` })).toMatchObject({ ok: true });
    const sent: (string | null)[] = [];
    const signed = createSignedFetch({
      ...{ username: 'guido', key: signer },
      fetch: async (_url, init) => {
        sent.push(new Headers(init?.headers).get('authorization'));
        return new Response('');
      },
    });
    await signed('https://api.example/');
    expect(await auth.authenticate({ authorization: sent[0] ?? undefined })).toMatchObject({ ok: true });
  });

  test('from a hook is started, even if its work starts only when then is called', async () => {
    let runs = 0;
    const work = () => {
      const promise = wrap(undefined);
      return {
        // biome-ignore lint/suspicious/noThenProperty: this test needs a thenable
        then(...args: Parameters<typeof promise.then>) {
          runs += 1;
          return promise.then(...args);
        },
      };
    };
    const used = work as () => void;
    expect(await decide({ find: () => record, recordUse: used }, memoryNonceStore(), work as () => void)).toBe(
      'accepted',
    );
    await vi.waitFor(() => expect(runs).toBe(2));
  });
});

describe.each(Object.entries(BAD))('a thenable %s', (_name, make) => {
  test.each([
    ['the authenticator', { find: make }],
    ['cachedKeyStore', cachedKeyStore({ find: make })],
    ['chainedKeyStore', chainedKeyStore({ find: make }, { find: () => record })],
    ['withJwks', withJwks({ find: make }, { jwksKeys: () => [] })],
    ['jwksKeyStore', jwksKeyStore({ users: make })],
  ] satisfies [string, KeyStore<unknown>][])('refuses a request as unavailable for %s', async (_caller, keys) => {
    expect(await decide(keys)).toBe('unavailable');
  });

  test('from a nonce store makes a request unavailable', async () => {
    expect(await decide({ find: () => record }, { ...memoryNonceStore(), claim: make })).toBe('unavailable');
  });

  test('from recordUse() is ignored', async () => {
    const recordUse = make as () => void;
    expect(await decide({ find: () => record, recordUse })).toBe('accepted');
  });

  test('from a signer makes createToken reject', async () => {
    await expect(createToken({ username: 'guido', key: { alg: key.alg, kid: key.kid, sign: make } })).rejects.toThrow(
      'down',
    );
  });
});

describe('a thenable that never settles', () => {
  test.each([
    ['key store', { find: () => never<UserRecord<string>>() }, memoryNonceStore()],
    ['nonce store', { find: () => record }, { ...memoryNonceStore(), claim: () => never<ClaimOutcome>() }],
  ])('from a %s makes only its own request unavailable, after 30 s', async (what, keys, nonces) => {
    vi.useFakeTimers();
    const causes: unknown[] = [];
    const auth = createAuthenticator({ keys, nonces, onResult: ({ cause }) => causes.push(cause) });
    const stuck = auth.authenticate({ authorization: await authorization() });
    expect(await auth.authenticate({ authorization: undefined })).toMatchObject({ reason: 'missing' });
    await vi.advanceTimersByTimeAsync(29_999);
    expect(causes).toEqual([undefined]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await stuck).toMatchObject({ reason: 'unavailable', status: 503 });
    expect(causes[1]).toMatchObject({ message: `the ${what} did not respond within 30 s` });
  });

  test('from a key store behind a cache with a revision does not lock out its user forever', async () => {
    const clock = { now: 0 };
    const answers = [never<UserRecord<string>>(), Promise.resolve(record)];
    const store = cachedKeyStore<string>(
      { find: () => answers.shift() },
      { revision: () => 1, monotonic: () => clock.now },
    );
    void store.find('guido', HINT);
    clock.now = 0.999;
    void store.find('guido', HINT);
    expect(answers).toHaveLength(1);
    clock.now = 1;
    expect(await store.find('guido', HINT)).toBe(record);
  });
});

test('unknown usernames do not evict users from a cache', async () => {
  const asked: string[] = [];
  const find = (username: string) => {
    asked.push(username);
    return username === 'guido' ? record : null;
  };
  const store = cachedKeyStore<string>({ find }, { maxUsers: 10, ttlSeconds: 60 });
  await store.find('guido', HINT);
  for (let index = 0; index < 100; index++) expect(await store.find(`stranger${index}`, HINT)).toBeUndefined();
  asked.length = 0;
  await store.find('guido', HINT);
  expect(asked).toEqual([]);
});

test('members of a user record can be null instead of absent', async () => {
  const [own] = record.keys;
  const bare = {
    ...record,
    ...{ require: null, jwksUrls: null, validUntil: null },
    keys: [{ key: key.publicKey, state: 'active' as const, allowsAddress: null, issuerKid: null }],
  };
  expect(own?.key).toBe(key.publicKey);
  for (const keys of [
    { find: () => bare },
    cachedKeyStore({ find: () => bare }),
    withJwks({ find: () => bare }, NO_SETS),
  ]) {
    expect(await decide(keys)).toBe('accepted');
  }
});
const NO_SETS = { jwksKeys: () => [] };

test.each([null, undefined, true, 'malformed', 'bad_signature', {}])(
  'a request is refused if its claim has the unknown outcome %j',
  async (outcome) => {
    for (const answer of [outcome, Promise.resolve(outcome)] as MaybePromise<ClaimOutcome>[]) {
      const causes: unknown[] = [];
      const auth = createAuthenticator({
        keys: { find: () => record },
        nonces: { ...memoryNonceStore(), claim: () => answer },
        onResult: ({ cause }) => causes.push(cause),
      });
      expect(await auth.authenticate({ authorization: await authorization() })).toMatchObject({ status: 503 });
      expect(causes).toMatchObject([{ message: expect.stringContaining('returned no outcome') }]);
    }
  },
);

test('a request that a key store starts during find() does not affect the first one', async () => {
  // The second request is authenticated while the first one waits for find().
  const keys = memoryKeyStore();
  const other = await PrivateKey.generate('ed25519');
  keys.addKey('guido', key.publicKey);
  keys.addKey('ada', other.publicKey);
  const inner: string[] = [];
  const start = async () => {
    const result = await auth.authenticate({
      authorization: await createAuthorization({ username: 'ada', key: other }),
    });
    inner.push(result.ok ? result.username : result.reason);
  };
  const auth = createAuthenticator({
    keys: {
      find: (username, hint): MaybePromise<UserRecord<string> | null | undefined> =>
        username === 'ada'
          ? keys.find(username, hint)
          : thenable<UserRecord<string>>(
              (fulfil) => void start().then(() => fulfil(keys.find(username, hint) as never)),
            ),
    },
    nonces: memoryNonceStore(),
  });
  expect(await auth.authenticate({ authorization: await authorization() })).toMatchObject({ username: 'guido' });
  expect(inner).toEqual(['ada']);
});
