/** The result of a request depends only on its own signature, even if other requests are authenticated at the same time. */
import { generateKeyPairSync } from 'node:crypto';
import { freshNonce, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { parts, type SchemeName, signToken, withSignature } from 'ajwt-testkit/sign';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AuthenticationResult, createAuthenticator, memoryNonceStore, type UserRecord } from '../../src/index.ts';

const PAIRS = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS512: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
type Alg = keyof typeof PAIRS & SchemeName;
const algs = Object.keys(PAIRS) as Alg[];
const users = new Map(
  algs.map((alg): [string, UserRecord<string>] => {
    const key = publicKeyOf(PAIRS[alg].publicKey);
    return [alg, { username: alg, user: alg, disabled: false, keys: [{ key, state: 'active' }] }];
  }),
);

/** The faults of requests, and the result of each. */
const FAULTS = {
  nothing: 'accepted',
  'a changed bit': 'bad_signature',
  "another's signature": 'bad_signature',
  'no such user': 'unknown_user',
} as const;

function tokenOf(alg: Alg, fault: keyof typeof FAULTS): string {
  const username = fault === 'no such user' ? 'nobody' : alg;
  const make = () =>
    signToken(
      JSON.stringify({ alg, typ: 'JWT' }),
      JSON.stringify({ username, time: NOW, nonce: freshNonce() }),
      PAIRS[alg].privateKey,
      alg,
    );
  const token = make();
  if (fault === 'a changed bit') {
    return withSignature(token, (signature) => signature.map((byte, at) => (at === 40 ? byte ^ 1 : byte)));
  }
  if (fault === "another's signature") {
    const [header, payload] = parts(token);
    const [, , signature] = parts(make());
    return `${header}.${payload}.${signature}`;
  }
  return token;
}

test('the result of each request depends on its own signature, whatever the order in which the key store responds', async () => {
  const request = fc.record({
    alg: fc.constantFrom(...algs),
    fault: fc.constantFrom(...(Object.keys(FAULTS) as (keyof typeof FAULTS)[])),
  });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(request, { minLength: 2, maxLength: 8 }), async (scheduler, requests) => {
      const { authenticate } = createAuthenticator({
        keys: { find: (username) => scheduler.schedule(Promise.resolve(users.get(username)), username) },
        nonces: memoryNonceStore({ now: () => NOW }),
        now: () => NOW,
      });
      const results = Promise.all(
        requests.map(({ alg, fault }) => authenticate({ authorization: `JWT ${tokenOf(alg, fault)}` })),
      );
      await scheduler.waitFor(results);
      expect((await results).map((result) => (result.ok ? 'accepted' : result.reason))).toEqual(
        requests.map(({ fault }) => FAULTS[fault]),
      );
    }),
    { numRuns: 300 },
  );
});

/** Functions of a key store that run during a request, and can start another request. */
const PLACES = ['find', 'allowsAddress', 'the getter of a thenable'] as const;

test.each(PLACES.flatMap((place) => algs.map((alg) => [alg, place] as const)))(
  '%s: if %s of a key store starts another request, the results of both depend on their own signatures',
  async (alg, chosen) => {
    const nested: Promise<AuthenticationResult<string>>[] = [];
    let inner = '';
    function run(place: (typeof PLACES)[number]): void {
      if (place !== chosen || inner === '') return;
      const authorization = `JWT ${inner}`;
      inner = '';
      nested.push(authenticate({ authorization }));
    }
    const { authenticate } = createAuthenticator<string>({
      keys: {
        find(username) {
          run('find');
          const found = users.get(username) as UserRecord<string>;
          const allowsAddress = () => {
            run('allowsAddress');
            return true;
          };
          const record = { ...found, keys: found.keys.map((key) => ({ ...key, allowsAddress })) };
          if (chosen !== 'the getter of a thenable') return record;
          const later = Promise.resolve(record);
          return Object.defineProperty({} as PromiseLike<typeof record>, 'then', {
            get() {
              run('the getter of a thenable');
              return later.then.bind(later);
            },
          });
        },
      },
      nonces: memoryNonceStore({ now: () => NOW }),
      now: () => NOW,
    });
    for (const [outer, other] of [
      ['nothing', 'a changed bit'],
      ['a changed bit', 'nothing'],
      ['nothing', 'nothing'],
    ] as const) {
      inner = tokenOf(alg, other);
      const result = await authenticate({ authorization: `JWT ${tokenOf(alg, outer)}` });
      const results = [result, await nested.pop()];
      expect(results.map((one) => (one?.ok ? 'accepted' : one?.reason))).toEqual([FAULTS[outer], FAULTS[other]]);
    }
  },
);
