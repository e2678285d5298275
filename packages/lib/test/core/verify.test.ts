import { describe, expect, test } from 'vitest';
import { createToken } from '../../src/client.ts';
import type { KeyRecord, KeyState, UserRecord } from '../../src/core/contracts.ts';
import { parseToken } from '../../src/core/token.ts';
import type { UnverifiedToken } from '../../src/core/trust.ts';
import { selectCandidates, verifySignature } from '../../src/core/verify.ts';
import { PrivateKey } from '../../src/index.ts';

const keys = await Promise.all(Array.from({ length: 6 }, () => PrivateKey.generate('ed25519')));
const [own = await PrivateKey.generate('ed25519')] = keys;
const token = parseToken(await createToken({ username: 'alice', key: own })) as UnverifiedToken;
/** The same token without a `kid`, which selects no key. */
const unnamed = { ...token, kid: undefined } as UnverifiedToken;

function alice(records: readonly KeyRecord[], user: Partial<UserRecord<string>> = {}): UserRecord<string> {
  return { username: 'alice', user: 'alice', disabled: false, keys: records, ...user };
}
const record = (key: PrivateKey, state: KeyState = 'active'): KeyRecord => ({ key: key.publicKey, state });

describe('selectCandidates', () => {
  test('selects only the key that kid names', () => {
    const candidates = selectCandidates(token, alice(keys.map((key) => record(key))));
    expect(candidates).toMatchObject({ keys: [{ key: own.publicKey }] });
  });

  test('selects at most four keys, in their order, if kid names none', () => {
    const candidates = selectCandidates(unnamed, alice(keys.map((key) => record(key))));
    expect(candidates).toMatchObject({ keys: keys.slice(0, 4).map((key) => ({ key: key.publicKey })) });
    expect((candidates as { keys: readonly KeyRecord[] }).keys).toHaveLength(4);
  });

  test.each([
    ['no record', undefined, 'unknown_user'],
    ['null', null, 'unknown_user'],
    ['a record of another user', alice([record(own)], { username: 'Alice' }), 'unknown_user'],
    ['a disabled user', alice([record(own)], { disabled: true }), 'user_disabled'],
    ['a user without keys', alice([]), 'unknown_key'],
    ['an expired key', alice([record(own, 'expired')]), 'key_expired'],
    ['a retired key', alice([record(own, 'retired')]), 'key_retired'],
    ['a revoked key', alice([record(own, 'revoked')]), 'key_revoked'],
    ['a key in an unknown state', alice([record(own, 'constructor' as KeyState)]), 'unknown_key'],
    [
      'a key that must not be used from this address',
      alice([{ ...record(own), allowsAddress: () => false }]),
      'unknown_key',
    ],
  ])('refuses %s', (_what, user, reason) => {
    expect(selectCandidates(token, user)).toMatchObject({ reason });
  });
});

describe('verifySignature', () => {
  test('returns the key that has signed', () => {
    const candidates = selectCandidates(
      unnamed,
      alice(
        keys
          .slice(0, 4)
          .reverse()
          .map((key) => record(key)),
      ),
    );
    expect(verifySignature(unnamed, candidates)).toMatchObject({ key: own.publicKey, claims: { username: 'alice' } });
  });

  test('refuses a token that no selected key has signed', () => {
    const candidates = selectCandidates(unnamed, alice(keys.slice(1, 5).map((key) => record(key))));
    expect(verifySignature(unnamed, candidates)).toMatchObject({ reason: 'bad_signature' });
  });

  test('returns the refusal of the third step, even for a valid signature', () => {
    const refusal = selectCandidates(token, alice([record(own, 'revoked')]));
    expect(verifySignature(token, refusal)).toBe(refusal);
  });
});
