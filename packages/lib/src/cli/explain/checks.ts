/** Runs the checks of a server (spec/LIFECYCLE.md) in order, and describes each result. */
import type { Claims } from '../../core/claims.ts';
import type { KeyRecord, UserRecord } from '../../core/contracts.ts';
import { printable } from '../../core/printable.ts';
import { MALFORMED, REASONS, Refusal } from '../../core/reasons.ts';
import { checkTime } from '../../core/time.ts';
import { parseToken } from '../../core/token.ts';
import type { SignedToken, UnverifiedToken } from '../../core/trust.ts';
import { selectCandidates, verifySignature } from '../../core/verify.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { duration } from '../duration.ts';

/** Result of one check; `unknown` means that only the server can tell. */
export interface Check {
  readonly check: 'well-formed' | 'key' | 'signature' | 'time' | 'binding' | 'replay';
  readonly result: 'pass' | 'FAIL' | 'unknown';
  readonly why: string;
}

/** What the checks need in addition to the token. */
export interface Circumstances {
  /** The key that should have signed the token, if given. */
  readonly key: PublicKey | undefined;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Seconds. */
  readonly tolerance: number;
}

const AFTER_MALFORMED = ['key', 'signature', 'time', 'binding', 'replay'] as const;

/** Checks a token. @param found - the token, or the reason why there is none */
export function checkToken(found: string | Refusal, circumstances: Circumstances): Check[] {
  const token = found instanceof Refusal ? found : parseToken(found);
  if (token instanceof Refusal) {
    return [
      { check: 'well-formed', result: 'FAIL', why: describeMalformed(token) },
      ...AFTER_MALFORMED.map((check) => ({ check, result: 'unknown', why: 'not reached' }) as const),
    ];
  }
  const { key, now, tolerance } = circumstances;
  return [
    { check: 'well-formed', result: 'pass', why: `valid token format, alg ${token.algorithm.name}` },
    ...checkKey(token, key),
    explainTime(token.claims, now, tolerance),
    { check: 'binding', result: 'unknown', why: describeBinding(token.claims) },
    { check: 'replay', result: 'unknown', why: 'only the server knows whether the token was used before' },
  ];
}

function describeMalformed({ reason, detail }: Refusal): string {
  if (detail !== undefined) return `${detail}: ${MALFORMED[detail]}`;
  return reason === 'missing' ? 'missing: no credential with the scheme JWT' : REASONS[reason].message;
}

function checkKey(token: UnverifiedToken, key: PublicKey | undefined): Check[] {
  const { kid } = token;
  if (key === undefined) {
    const has = kid === undefined ? 'has no kid' : 'names its key by kid';
    return [
      { check: 'key', result: 'unknown', why: `the token ${has}; use --pubkey FILE to compare a key` },
      { check: 'signature', result: 'unknown', why: 'not checked; use --pubkey FILE' },
    ];
  }
  // Runs steps 3 and 4 of a server, as if the user existed and had only this key.
  const keys: readonly KeyRecord[] = [{ key, state: 'active' }];
  const record: UserRecord<undefined> = { username: token.claims.username, user: undefined, disabled: false, keys };
  const candidates = selectCandidates(token, record);
  if (candidates instanceof Refusal) {
    return [
      { check: 'key', result: 'FAIL', why: `unknown_key: ${keyMismatch(token, key)}` },
      { check: 'signature', result: 'unknown', why: 'not reached' },
    ];
  }
  const verified = !(verifySignature(token, candidates) instanceof Refusal);
  return [
    {
      check: 'key',
      result: 'pass',
      why:
        kid === undefined
          ? 'the token has no kid; this key fits its algorithm'
          : 'the kid of the token matches this key',
    },
    verified
      ? { check: 'signature', result: 'pass', why: `made by ${key.fingerprint}` }
      : {
          check: 'signature',
          result: 'FAIL',
          why: `bad_signature: not made by ${key.fingerprint}, or the token was altered`,
        },
  ];
}

function keyMismatch({ algorithm, kid, signature }: UnverifiedToken, key: PublicKey): string {
  if (!key.algorithms.includes(algorithm.name)) {
    return `the token has alg ${algorithm.name}, but this key accepts only ${key.algorithms.join(', ')}`;
  }
  if (signature.length !== key.signatureLength) {
    return `the signature is ${signature.length} bytes long, but signatures of this key are ${key.signatureLength}`;
  }
  return `the token names another key: its kid is ${printable(kid ?? '', 12)}, but this key has ${printable(key.kid, 12)}`;
}

function explainTime(claims: Claims, now: number, tolerance: number): Check {
  const apart = `signed ${duration(Math.abs(now - claims.time))} ${claims.time > now ? 'in the future' : 'ago'} by the local clock`;
  // Anyone can write these claims. This check does not authenticate the user.
  const outcome = checkTime({ claims } as unknown as SignedToken<undefined>, now, tolerance);
  if (!(outcome instanceof Refusal))
    return { check: 'time', result: 'pass', why: `${apart}; the tolerance is ${tolerance} s` };
  const { reason } = outcome;
  const outside = Math.abs(now - claims.time) > tolerance;
  const why = outside
    ? `${apart}; the tolerance is ${tolerance} s`
    : reason === 'expired'
      ? 'the time in the claim exp has passed'
      : 'the time in the claim nbf or iat is in the future';
  return { check: 'time', result: 'FAIL', why: `${reason}: ${why}` };
}

function describeBinding({ aud, bind }: Claims): string {
  const audiences = aud === undefined ? [] : [`aud ${[aud].flat().join(', ')}`];
  const members = Object.entries(bind ?? {}).filter(([name]) => name !== 'v');
  const all = [...audiences, ...members.map(([name, value]) => `${name} ${String(value)}`)];
  if (all.length === 0) return 'not bound to a request; refused only by a server that requires binding';
  return `valid only for ${printable(all.join('; '))}`;
}
