/** Requests that wait for the key store while others are read: each is checked with its own signature. */
import { generateKeyPairSync } from 'node:crypto';
import { freshNonce, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { parts, type SchemeName, signToken, withSignature } from 'ajwt-testkit/sign';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAuthenticator, memoryNonceStore, type UserRecord } from '../../src/index.ts';

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

/** What is wrong with a request, and the result. */
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

test('each request gets its own result, in whatever order the key store responds', async () => {
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
