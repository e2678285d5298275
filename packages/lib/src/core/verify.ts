/** Steps 3 and 4: selects the keys that may have signed the token, and verifies its signature with them. */
import { makeDecoyKey } from '#engine';
import type { Algorithm } from './algorithms.ts';
import { checkSignature, type RawKey } from './check-signature.ts';
import type { KeyRecord, KeyState, UserRecord } from './contracts.ts';
import type { Ed25519Verify } from './ed25519.ts';
import { type Reason, Refusal } from './reasons.ts';
import type { Candidates, SignedToken, UnverifiedToken } from './trust.ts';

/** Maximum number of keys that are tried for a token. */
const MAX_TRIES = 4;

/** A `kid` of this form selects one key. Other forms select nothing, because other issuers choose their own. */
const FINGERPRINT = /^[0-9a-f]{64}$/i;

/** For each state of a key, why the key is not used, or `null` if it is used. A key in an unknown state is not used either. */
const WHY_UNUSABLE: Readonly<Record<KeyState, Reason | null>> = {
  active: null,
  staged: null,
  expired: 'key_expired',
  retired: 'key_retired',
  revoked: 'key_revoked',
};

/**
 * Selects the usable keys of a user that may have signed the token. Each matches `alg`, the length of the signature and, if it selects a
 * key, `kid`. Each can be used from the caller's address.
 */
export function selectCandidates<User>(
  token: UnverifiedToken,
  record: UserRecord<User> | undefined | null,
  address?: string | undefined,
): Candidates<User> | Refusal {
  // A store may compare usernames less strictly, for example case-insensitively.
  if (record === undefined || record === null || record.username !== token.claims.username)
    return new Refusal('unknown_user');
  if (record.disabled) return new Refusal('user_disabled');

  let keys: KeyRecord[] | undefined;
  let reason: Reason = 'unknown_key';
  for (const candidate of record.keys) {
    if (!mayHaveSigned(candidate, token)) continue;
    if (candidate.allowsAddress && candidate.allowsAddress(address) !== true) continue;
    const why = WHY_UNUSABLE[candidate.state];
    if (why === null) {
      if (keys === undefined) keys = [candidate];
      else if (keys.length < MAX_TRIES) keys.push(candidate);
    } else if (typeof why === 'string' && reason !== 'key_revoked') reason = why;
  }
  return keys === undefined ? new Refusal(reason) : { record, keys };
}

function mayHaveSigned({ key, issuerKid: name }: KeyRecord, { algorithm, signature, kid }: UnverifiedToken): boolean {
  const isNamed = kid === undefined || kid === key.kid || kid === name;
  if (!isNamed && FINGERPRINT.test(kid) && kid.toLowerCase() !== key.kid) return false;
  // Check this after the kid, because a store may not parse the key until these members are read.
  return key.signatureLength === signature.length && key.algorithms.includes(algorithm.name);
}

/**
 * Verifies the signature. If step 3 has refused the token, verifies once with a dummy key and returns that refusal, so that the response
 * time does not reveal whether a user or key exists.
 *
 * @param ed25519 - verifies Ed25519 in place of the engine, with the dummy key too
 */
export function verifySignature<User>(
  token: UnverifiedToken,
  candidates: Candidates<User> | Refusal,
  ed25519?: Ed25519Verify | undefined,
): SignedToken<User> | Refusal {
  if (candidates instanceof Refusal) {
    verifyWithDecoy(token, ed25519);
    return candidates;
  }
  const { algorithm, signingInput, signature } = token;
  for (const { key } of candidates.keys) {
    // OpenSSL refuses an RSA signature above the modulus at once (RFC 8017 §5.2.2). The short response time would reveal that the key
    // exists, and what its modulus is.
    if (key.modulus !== undefined && !isBelow(signature, key.modulus)) verifyWithDecoy(token, ed25519);
    else if (checkSignature(algorithm, key, signingInput, signature, ed25519)) {
      return { claims: token.claims, record: candidates.record, key } as SignedToken<User>;
    }
  }
  return new Refusal('bad_signature');
}

/** Returns whether a big-endian number is less than another one of the same length. */
function isBelow(one: Uint8Array, other: Uint8Array): boolean {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return (one[at] ?? 0) < (other[at] ?? 0);
}

const decoys = new Map<string, RawKey>();

function verifyWithDecoy(
  { algorithm, signingInput, signature }: UnverifiedToken,
  ed25519: Ed25519Verify | undefined,
): void {
  const below = new Uint8Array(signature);
  // Now the signature is below the modulus of the dummy key, so OpenSSL does all of its work.
  if (algorithm.keyType === 'rsa') below[0] = 0;
  checkSignature(algorithm, decoyKey(algorithm, below.length), signingInput, below, ed25519);
}

/** The base point of Ed25519 (RFC 8032 §5.1). As a key, it takes as long as any other, and the result is not used. */
const BASE_POINT = /* @__PURE__ */ new Uint8Array(32).fill(0x66).fill(0x58, 0, 1);

/** Returns a dummy public key. There is one for each curve or RSA signature length, so their number is limited. */
function decoyKey(algorithm: Algorithm, signatureLength: number): RawKey {
  const id = `${algorithm.curve ?? algorithm.keyType} ${signatureLength}`;
  let key = decoys.get(id);
  if (key === undefined) {
    key = { handle: makeDecoyKey(algorithm, signatureLength), ed25519: BASE_POINT };
    decoys.set(id, key);
  }
  return key;
}
