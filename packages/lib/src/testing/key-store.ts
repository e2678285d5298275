/** The contract of key stores. */
import type { KeyState, KeyStore, MaybePromise, VerificationKey } from '../core/contracts.ts';
import { checkMembers, type OptionKinds } from '../core/options.ts';
import { PrivateKey } from '../keys/private-key.ts';
import { type ContractCase, same, throws } from './contract.ts';

/** A user that a case needs. */
export interface KeyStoreUser {
  readonly username: string;
  readonly disabled: boolean;
  readonly keys: readonly { readonly key: VerificationKey; readonly state: KeyState }[];
}

/** Creates the store under test, and says what it cannot do. */
export interface KeyStoreFixture {
  /** Creates a store with these users and no others. */
  make(users: readonly KeyStoreUser[]): MaybePromise<KeyStore<unknown>>;
  /** Cleans up after a case. */
  dispose?(store: KeyStore<unknown>): MaybePromise<void>;
  /** The states that keys of the store can have. Default: all. */
  readonly states?: readonly KeyState[];
  /** Set this to the reason if the store finds a key only when the hint names it. */
  readonly onlyNamed?: string;
  /** Set this to the reason if the store cannot disable users. */
  readonly neverDisabled?: string;
  /**
   * Creates the store around an inner store. Set this if the store wraps another one, as a cache does. More cases then check it with inner
   * stores that respond in every way that {@link KeyStore.find} allows.
   */
  readonly around?: (inner: KeyStore<unknown>) => KeyStore<unknown>;
}

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const ALL_STATES: readonly KeyState[] = ['active', 'staged', 'expired', 'revoked'];

/** Returns a thenable that is not a `Promise`, and calls its callback immediately and twice. */
function thenable<T>(value: T): PromiseLike<T> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: the contract allows any thenable
    then: (fulfilled) => {
      fulfilled?.(value);
      fulfilled?.(undefined as T);
      return undefined as never;
    },
  };
}

/** A thenable that throws instead of calling back. */
const throwing: PromiseLike<never> = {
  // biome-ignore lint/suspicious/noThenProperty: the contract allows any thenable
  then: () => {
    throw new Error('down');
  },
};

/** The ways in which a store may return a value. */
const WAYS: Readonly<Record<string, <T>(value: T) => MaybePromise<T>>> = {
  'a value': (value) => value,
  'a promise': (value) => Promise.resolve(value),
  'a thenable': thenable,
};

/** Names that a careless comparison, or a query built from strings, confuses with other names. */
const STRANGERS = [
  'Alice',
  'ALICE',
  'alice ',
  ' alice',
  'alice\u0000',
  'alic',
  'alicee',
  '\u0430lice',
  '\uff41lice',
  'a\u0301lice',
  '%',
  '_lice',
  '*',
  "alice' OR '1'='1",
  'alice";--',
  'alice\\',
  '../alice',
  'alice/../alice',
  '__proto__',
  'constructor',
  'toString',
  '\u{1f600}',
  'u'.repeat(600),
];

const FIXTURE: OptionKinds<KeyStoreFixture> = {
  make: 'function',
  dispose: 'function',
  states: 'array',
  onlyNamed: 'text',
  neverDisabled: 'text',
  around: 'function',
};

/**
 * Returns the cases of the contract of key stores.
 *
 * @param fixture - creates the store under test
 * @returns cases whose `run` rejects with ContractError if a rule is violated, or with an error of the store
 * @throws TypeError for a member of the fixture that is unknown, missing or of the wrong type
 *
 * @example
 * ```ts
 * import { memoryKeyStore } from 'asymmetric-jwt-auth';
 * import { type KeyStoreUser, keyStoreContract } from 'asymmetric-jwt-auth/testing';
 *
 * function make(users: readonly KeyStoreUser[]) {
 *   const store = memoryKeyStore(); // your own store here
 *   for (const { username, disabled, keys } of users) {
 *     store.setUser(username, { user: username, disabled });
 *     for (const { key, state } of keys) store.addKey(username, key, { state });
 *   }
 *   return store;
 * }
 * for (const { run } of keyStoreContract({ make })) await run(); // or, with a test runner: test(name, run)
 * ```
 */
export function keyStoreContract(fixture: KeyStoreFixture): ContractCase[] {
  checkMembers('fixture', fixture, FIXTURE, ['make']);
  const states = fixture.states ?? ALL_STATES;

  function contractCase(
    name: string,
    body: (make: (users: readonly KeyStoreUser[]) => Promise<KeyStore<unknown>>) => Promise<void>,
  ): ContractCase {
    return {
      name,
      async run() {
        const made: KeyStore<unknown>[] = [];
        try {
          await body(async (users) => {
            const store = await fixture.make(users);
            made.push(store);
            return store;
          });
        } finally {
          for (const store of made) await fixture.dispose?.(store);
        }
      },
    };
  }

  /** Wraps a store whose only user is alice. `respond` decides how it returns values; `nobody` is its value for any other user. */
  function aroundStoreOfAlice(
    around: (inner: KeyStore<unknown>) => KeyStore<unknown>,
    key: VerificationKey,
    respond: <T>(value: T) => MaybePromise<T>,
    nobody: undefined | null,
  ): KeyStore<unknown> {
    const alice = { username: 'alice', user: 1, disabled: false, keys: [{ key, state: 'active' as const }] };
    return around({ find: (username) => respond(username === 'alice' ? alice : nobody) });
  }

  const casesAround = (around: (inner: KeyStore<unknown>) => KeyStore<unknown>): ContractCase[] => [
    ...Object.entries(WAYS).map(
      ([way, respond]): ContractCase => ({
        name: `accepts ${way} from an inner store, also for an unknown user`,
        async run() {
          const key = await newKey();
          for (const nobody of [undefined, null]) {
            const store = aroundStoreOfAlice(around, key, respond, nobody);
            for (const time of ['first', 'second']) {
              const found = await store.find('alice', { kid: key.kid, alg: 'EdDSA' });
              same(
                found?.keys.map((record) => record.key.kid),
                [key.kid],
                `keys of alice, the ${time} time`,
              );
              same(
                (await store.find('bob', HINT)) ?? null,
                null,
                `bob, with ${nobody} from the inner store, the ${time} time`,
              );
            }
          }
        },
      }),
    ),
    {
      name: 'fails if the inner store fails, and works again afterwards',
      async run() {
        const key = await newKey();
        let isDown = true;
        const store = aroundStoreOfAlice(around, key, (value) => (isDown ? throwing : value), undefined);
        await throws(async () => store.find('alice', HINT), 'find() with an inner store that fails');
        isDown = false;
        same((await store.find('alice', HINT))?.username, 'alice', 'username afterwards');
      },
    },
  ];

  const newKey = async () => (await PrivateKey.generate('ed25519')).publicKey;

  return [
    contractCase('finds a user with all its keys and their states', async (make) => {
      const keys = await Promise.all(states.map(async (state) => ({ key: await newKey(), state })));
      const store = await make([{ username: 'alice', disabled: false, keys }]);
      const found = await store.find('alice', HINT);
      same(found?.username, 'alice', 'username');
      same(found?.disabled, false, 'disabled');
      const list = (of: readonly { key: VerificationKey; state: KeyState }[]) =>
        of.map(({ key, state }) => [key.kid, state]).sort();
      same(list(found?.keys ?? []), list(keys), 'keys');
    }),

    ...(fixture.neverDisabled === undefined
      ? [
          contractCase('reports that a user is disabled', async (make) => {
            const store = await make([
              { username: 'alice', disabled: true, keys: [{ key: await newKey(), state: 'active' }] },
            ]);
            same((await store.find('alice', HINT))?.disabled, true, 'disabled');
          }),
        ]
      : []),

    contractCase('finds a user without keys', async (make) => {
      const store = await make([{ username: 'alice', disabled: false, keys: [] }]);
      same((await store.find('alice', HINT))?.keys, [], 'keys');
    }),

    contractCase('returns only the keys of the requested user', async (make) => {
      const [one, other] = [await newKey(), await newKey()];
      const store = await make([
        { username: 'alice', disabled: false, keys: [{ key: one, state: 'active' }] },
        { username: 'bob', disabled: false, keys: [{ key: other, state: 'active' }] },
      ]);
      same(
        (await store.find('alice', HINT))?.keys.map(({ key }) => key.kid),
        [one.kid],
        'keys of alice',
      );
      same(
        (await store.find('bob', HINT))?.keys.map(({ key }) => key.kid),
        [other.kid],
        'keys of bob',
      );
    }),

    contractCase(
      'finds no user for an unknown username, or returns the username of the user that it found',
      async (make) => {
        const store = await make([
          { username: 'alice', disabled: false, keys: [{ key: await newKey(), state: 'active' }] },
        ]);
        for (const name of STRANGERS) {
          const found = await store.find(name, HINT);
          same(
            found === undefined || found === null || found.username === 'alice',
            true,
            `find(${JSON.stringify(name)}) finds no user, or returns alice`,
          );
        }
      },
    ),

    contractCase('compares usernames in any script exactly', async (make) => {
      const names = ['Жук', 'é', 'e\u0301', '李雷', 'a b', 'a+b@c.example', "o'neill", '\u{1f600}'];
      const users = await Promise.all(
        names.map(async (username) => ({
          username,
          disabled: false,
          keys: [{ key: await newKey(), state: 'active' as const }],
        })),
      );
      const store = await make(users);
      for (const { username, keys } of users) {
        const found = await store.find(username, HINT);
        same(found?.username, username, 'username');
        same(
          found?.keys.map(({ key }) => key.kid),
          keys.map(({ key }) => key.kid),
          `keys of ${username}`,
        );
      }
    }),

    contractCase('finds the same keys for every hint', async (make) => {
      const key = await newKey();
      const store = await make([{ username: 'alice', disabled: false, keys: [{ key, state: 'active' }] }]);
      const hints = [key.kid, undefined, ...(fixture.onlyNamed === undefined ? ['nope', ''] : [])];
      for (const kid of hints) {
        const found = await store.find('alice', { kid, alg: 'EdDSA' });
        const record = found?.keys.find((one) => one.key.kid === key.kid);
        same(record?.key.fingerprint, key.fingerprint, `fingerprint, with the hint ${kid}`);
        same(record?.key.algorithms, key.algorithms, 'algorithms');
        same(record?.key.signatureLength, key.signatureLength, 'signature length');
        same([...(record?.key.ed25519 ?? [])], [...(key.ed25519 ?? [])], 'bytes of the Ed25519 key');
      }
    }),

    ...(fixture.around === undefined ? [] : casesAround(fixture.around)),
  ];
}
