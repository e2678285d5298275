/** What every key store promises. */
import type { KeyState, KeyStore, MaybePromise, VerificationKey } from '../core/contracts.ts';
import { checkMembers, type OptionKinds } from '../core/options.ts';
import { PrivateKey } from '../keys/private-key.ts';
import { type ContractCase, same, throws } from './contract.ts';

/** A user that a case wants to be there. */
export interface KeyStoreUser {
  readonly username: string;
  readonly disabled: boolean;
  readonly keys: readonly { readonly key: VerificationKey; readonly state: KeyState }[];
}

/** What the suite needs to know of a store. */
export interface KeyStoreFixture {
  /** Makes a store with these users and no others. */
  make(users: readonly KeyStoreUser[]): MaybePromise<KeyStore<unknown>>;
  /** Gives back what a case has used. */
  dispose?(store: KeyStore<unknown>): MaybePromise<void>;
  /** States that the store can hold; default all. */
  readonly states?: readonly KeyState[];
  /** Why a key is given only where the hint names it, or nothing; default it is given whatever the hint. */
  readonly onlyNamed?: string;
  /** Why no user is disabled there, or nothing. */
  readonly neverDisabled?: string;
  /**
   * For a store that asks another one, such as a cache: makes it around that store. The cases of the contract then also run with inner
   * stores that answer in every way that {@link KeyStore.find} allows.
   */
  readonly around?: (inner: KeyStore<unknown>) => KeyStore<unknown>;
}

const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const ALL_STATES: readonly KeyState[] = ['active', 'staged', 'expired', 'revoked'];

/** A promise that is no `Promise`: nothing but a `then`, which calls back at once, and a second time. */
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

/** A promise that throws instead of calling back. */
const throwing: PromiseLike<never> = {
  // biome-ignore lint/suspicious/noThenProperty: the contract allows any thenable
  then: () => {
    throw new Error('down');
  },
};

/** In which ways a store may answer. */
const WAYS: Readonly<Record<string, <T>(value: T) => MaybePromise<T>>> = {
  'at once': (value) => value,
  'with a promise': (value) => Promise.resolve(value),
  'with a thenable': thenable,
};

/** Names that lazy comparison, or a query that is put together as text, would take for another's, or for everybody's. */
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
 * The cases of the contract.
 *
 * @param fixture - how to make the store under test
 * @returns cases whose `run` rejects with ContractError where a promise is broken, or with what the store throws
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

  /** A store of one user that answers in one way, and says in one way that there is nobody. */
  function aroundStoreOfAlice(
    around: (inner: KeyStore<unknown>) => KeyStore<unknown>,
    key: VerificationKey,
    answer: <T>(value: T) => MaybePromise<T>,
    nobody: undefined | null,
  ): KeyStore<unknown> {
    const alice = { username: 'alice', user: 1, disabled: false, keys: [{ key, state: 'active' as const }] };
    return around({ find: (username) => answer(username === 'alice' ? alice : nobody) });
  }

  const casesAround = (around: (inner: KeyStore<unknown>) => KeyStore<unknown>): ContractCase[] => [
    ...Object.entries(WAYS).map(
      ([way, answer]): ContractCase => ({
        name: `takes what a store inside it answers ${way}, null for nobody too`,
        async run() {
          const key = await newKey();
          for (const nobody of [undefined, null]) {
            const store = aroundStoreOfAlice(around, key, answer, nobody);
            for (const time of ['first', 'second']) {
              const found = await store.find('alice', { kid: key.kid, alg: 'EdDSA' });
              same(
                found?.keys.map((record) => record.key.kid),
                [key.kid],
                `keys of alice, the ${time} time`,
              );
              same((await store.find('bob', HINT)) ?? null, null, `bob, with ${nobody} inside, the ${time} time`);
            }
          }
        },
      }),
    ),
    {
      name: 'fails where a store inside it fails, and answers again afterwards',
      async run() {
        const key = await newKey();
        let isDown = true;
        const store = aroundStoreOfAlice(around, key, (value) => (isDown ? throwing : value), undefined);
        await throws(async () => store.find('alice', HINT), 'find() with a store inside that fails');
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
          contractCase('says that a user is disabled', async (make) => {
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

    contractCase('keeps users apart', async (make) => {
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

    contractCase('answers for a name that is nobody’s, or hands back the name it found', async (make) => {
      const store = await make([
        { username: 'alice', disabled: false, keys: [{ key: await newKey(), state: 'active' }] },
      ]);
      for (const name of STRANGERS) {
        const found = await store.find(name, HINT);
        same(
          found === undefined || found === null || found.username === 'alice',
          true,
          `find(${JSON.stringify(name)}) is nobody, or says alice`,
        );
      }
    }),

    contractCase('finds names in any script exactly', async (make) => {
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

    contractCase('gives keys that verify, whatever the hint', async (make) => {
      const key = await newKey();
      const store = await make([{ username: 'alice', disabled: false, keys: [{ key, state: 'active' }] }]);
      const hints = [key.kid, undefined, ...(fixture.onlyNamed === undefined ? ['nope', ''] : [])];
      for (const kid of hints) {
        const found = await store.find('alice', { kid, alg: 'EdDSA' });
        const record = found?.keys.find((one) => one.key.kid === key.kid);
        same(record?.key.fingerprint, key.fingerprint, `fingerprint, with the hint ${kid}`);
        same(record?.key.algorithms, key.algorithms, 'algorithms');
        same(record?.key.signatureLength, key.signatureLength, 'signature length');
      }
    }),

    ...(fixture.around === undefined ? [] : casesAround(fixture.around)),
  ];
}
