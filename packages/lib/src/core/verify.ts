/** Steps 3 and 4: which of the user's keys may have signed the token, and whether one of them did. */
import { type EnginePublicKey, makeDecoyKey, verify } from '#engine';
import type { Algorithm } from './algorithms.ts';
import type { KeyRecord, KeyState, UserRecord } from './contracts.ts';
import { type Reason, Refusal } from './reasons.ts';
import type { Candidates, SignedToken, UnverifiedToken } from './trust.ts';

/** Keys that are tried for one token. */
const MAX_TRIES = 4;

/** A `kid` of this form names one key; any other says nothing here (0.3.1 sends none, other issuers send their own). */
const FINGERPRINT = /^[0-9a-f]{64}$/i;

/** Why a key in this state verifies nothing; a state that nobody knows is not `null` either. */
const WHY_UNUSABLE: Readonly<Record<KeyState, Reason | null>> = {
  active: null,
  staged: null,
  expired: 'key_expired',
  revoked: 'key_revoked',
};

/**
 * Step 3: the user, and its usable keys that match `alg`, the signature's length and, if it names one key, `kid`, and that may be used
 * from the caller's address.
 */
export function selectCandidates<User>(
  token: UnverifiedToken,
  record: UserRecord<User> | undefined | null,
  address?: string | undefined,
): Candidates<User> | Refusal {
  // The store may compare usernames with less care than we do.
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
  // Behind its name, as a store may read the key itself only now.
  return key.signatureLength === signature.length && key.algorithms.includes(algorithm.name);
}

/**
 * Step 4. A refusal of step 3 passes through here, and costs one verification as well: from outside, a stranger cannot tell an
 * unknown user from a wrong signature.
 */
export function verifySignature<User>(
  token: UnverifiedToken,
  candidates: Candidates<User> | Refusal,
): SignedToken<User> | Refusal {
  if (candidates instanceof Refusal) {
    verifyWithDecoy(token);
    return candidates;
  }
  const { algorithm, signingInput, signature } = token;
  for (const { key } of candidates.keys) {
    // RSA refuses a signature above the modulus at once (RFC 8017 §5.2.2): the time would tell that there is a key, and its modulus.
    if (key.modulus !== undefined && !isBelow(signature, key.modulus)) verifyWithDecoy(token);
    else if (verify(algorithm, key.handle, signingInput, signature)) {
      return { claims: token.claims, record: candidates.record, key } as SignedToken<User>;
    }
  }
  return new Refusal('bad_signature');
}

/** Compares big-endian numbers of the same length. */
function isBelow(one: Uint8Array, other: Uint8Array): boolean {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return (one[at] ?? 0) < (other[at] ?? 0);
}

const decoys = new Map<string, EnginePublicKey>();

function verifyWithDecoy({ algorithm, signingInput, signature }: UnverifiedToken): void {
  const below = new Uint8Array(signature);
  // Whatever the sender chose, it lies below the decoy's modulus: OpenSSL then does all of its work.
  if (algorithm.keyType === 'rsa') below[0] = 0;
  verify(algorithm, decoyKey(algorithm, below.length), signingInput, below);
}

/** A public key that nobody has the private half of. As many as there are lengths of signatures: bounded. */
function decoyKey(algorithm: Algorithm, signatureLength: number): EnginePublicKey {
  const id = `${algorithm.curve ?? algorithm.keyType} ${signatureLength}`;
  let key = decoys.get(id);
  if (key === undefined) {
    key = makeDecoyKey(algorithm, signatureLength);
    decoys.set(id, key);
  }
  return key;
}
