/** Step 6: checks the audience and the request binding (spec/PROTOCOL.md §5). */

import type { BindMember } from './bind.ts';
import type { Claims } from './claims.ts';
import { Refusal, refusalAbout } from './reasons.ts';
import type { AuthenticationRequest } from './request.ts';
import { isSignedTarget } from './target.ts';
import type { BoundToken, FreshToken } from './trust.ts';

/** The binding that the server requires of every token. */
export interface BindingPolicy {
  readonly audience: readonly string[];
  readonly require: readonly BindMember[];
  /** Maps the raw request-target to the one that callers sign, if a proxy rewrites paths. */
  readonly externalTarget: ((raw: string) => string) | undefined;
}

/** Checks that the token is for this server and request, and has all required members of `bind`. Step 8 compares the digest of the body. */
export function checkBinding<User>(
  token: FreshToken<User>,
  request: AuthenticationRequest,
  policy: BindingPolicy,
): BoundToken<User> | Refusal {
  const { aud, bind } = token.claims;
  for (const one of [aud, bind?.aud]) {
    if (one !== undefined && !isOneOf(policy.audience, one)) return refusalAbout('wrong_audience', String(one));
  }

  const missing = missingMembers(token.claims, [policy.require, request.require, token.record.require]);
  if (missing !== undefined) return missing;
  if (bind === undefined) return token as unknown as BoundToken<User>;

  if (bind.htm !== undefined && bind.htm !== request.method) return new Refusal('binding_mismatch');
  if (bind.target !== undefined) {
    const target = externalTarget(request.target, policy);
    if (target === undefined || !isSignedTarget(bind.target, target)) return new Refusal('binding_mismatch');
  }
  // If step 8 cannot check the digest, refuse before the nonce is used up.
  const seesBody = request.bodyDigest !== undefined || request.checkBodyLater !== undefined;
  if (bind.digest !== undefined && !seesBody) return new Refusal('binding_mismatch');
  return token as unknown as BoundToken<User>;
}

/** Returns a refusal if the token lacks a member of `bind` that one of the lists requires. */
export function missingMembers(
  { bind }: Claims,
  lists: readonly (readonly BindMember[] | null | undefined)[],
): Refusal | undefined {
  if (lists.every((list) => !list?.some((member) => bind?.[member] === undefined))) return undefined;
  return refusalAbout('binding_required', [...new Set(lists.flatMap((list) => list ?? []))].join(', '));
}

function isOneOf(audience: readonly string[], aud: string | readonly string[]): boolean {
  return typeof aud === 'string' ? audience.includes(aud) : aud.some((one) => audience.includes(one));
}

/** Returns the target to compare with, or `undefined` for the absolute form (RFC 9112 §3.2.2), which never matches. */
function externalTarget(raw: string | undefined, policy: BindingPolicy): string | undefined {
  if (raw === undefined || !(raw.startsWith('/') || raw === '*')) return undefined;
  return policy.externalTarget === undefined ? raw : policy.externalTarget(raw);
}
