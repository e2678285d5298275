/** A token is accepted only if it was signed with a usable key of its user, whatever other keys exist and whatever its kid is. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { goodPayload, NOW, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { type SchemeName, signToken } from 'ajwt-testkit/sign';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAuthenticator, type KeyRecord, type KeyState, memoryNonceStore } from '../../src/index.ts';

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = () => generateKeyPairSync('ed25519');
const party = (alg: SchemeName, { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }) => ({
  alg,
  privateKey,
  key: publicKeyOf(publicKey),
});
const PARTIES = [
  ...Array.from({ length: 3 }, () => party('RS512', rsa())),
  ...Array.from({ length: 4 }, () => party('EdDSA', ed25519())),
];
const numbers = PARTIES.map((_, number) => number);

/** Caches tokens for later situations: each situation has a new nonce store, so it can send the same tokens without signing them again. */
const signed = new Map<string, string[]>();

/** @param time - number of earlier tokens with these values in the same situation */
function tokenOf(username: string, signer: number, named: number | 'nobody', time: number): string {
  const name = `${username} ${signer} ${named}`;
  const tokens = signed.get(name) ?? [];
  signed.set(name, tokens);
  const { alg, privateKey } = PARTIES[signer] as (typeof PARTIES)[number];
  const kid = named === 'nobody' ? undefined : PARTIES[named]?.key.kid;
  while (tokens.length <= time) {
    tokens.push(signToken(JSON.stringify({ alg, typ: 'JWT', kid }), goodPayload(username), privateKey, alg));
  }
  return tokens[time] as string;
}

test('a token is accepted if and only if a usable key of its user signed it, and its kid names no other key', async () => {
  const state = fc.constantFrom<KeyState>('active', 'active', 'staged', 'expired', 'revoked');
  const user = fc.record({ disabled: fc.nat(9).map((one) => one === 0), states: fc.tuple(state, state, state) });
  const situation = fc.record({
    // Each of the two users has three keys; the remaining key belongs to neither.
    owners: fc.shuffledSubarray(numbers, { minLength: 6, maxLength: 6 }),
    users: fc.record({ alice: user, bob: user }),
    requests: fc.array(
      fc.record({
        username: fc.constantFrom('alice', 'bob', 'alice', 'bob', 'carol'),
        signer: fc.constantFrom(...numbers),
        named: fc.option(fc.constantFrom(...numbers), { nil: 'nobody' as const, freq: 2 }),
      }),
      { minLength: 20, maxLength: 20 },
    ),
  });
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(situation, async ({ owners, users, requests }) => {
      const keysOf = (username: string): KeyRecord[] =>
        owners.slice(...(username === 'alice' ? [0, 3] : [3, 6])).map((number, index) => ({
          key: (PARTIES[number] as (typeof PARTIES)[number]).key,
          state: users[username as 'alice' | 'bob'].states[index] as KeyState,
        }));
      const { authenticate } = createAuthenticator({
        keys: {
          find: (username) =>
            username === 'carol'
              ? undefined
              : {
                  username,
                  user: username,
                  disabled: users[username as 'alice' | 'bob'].disabled,
                  keys: keysOf(username),
                },
        },
        nonces: memoryNonceStore({ now: () => NOW - 60 }),
        now: () => NOW,
      });
      for (const [index, { username, signer, named }] of requests.entries()) {
        const { key } = PARTIES[signer] as (typeof PARTIES)[number];
        const kid = named === 'nobody' ? undefined : PARTIES[named]?.key.kid;
        const isSame = (one: (typeof requests)[number]) =>
          one.username === username && one.signer === signer && one.named === named;
        const token = tokenOf(username, signer, named, requests.slice(0, index).filter(isSame).length);
        const result = await authenticate({ authorization: `JWT ${token}` });

        const isUsable =
          username !== 'carol' &&
          !users[username].disabled &&
          keysOf(username).some((one) => one.key === key && (one.state === 'active' || one.state === 'staged'));
        const isExpected = isUsable && (kid === undefined || kid === key.kid);
        if (result.ok !== isExpected) expect.fail(`${result.ok ? 'accepted' : result.reason}: ${token}`);
        if (result.ok) {
          accepted += 1;
          if (result.key !== key || result.username !== username)
            expect.fail(`accepted with the wrong key or user: ${token}`);
        } else if (result.status !== 401) expect.fail(`${result.status}: ${token}`);
      }
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(100);
});
