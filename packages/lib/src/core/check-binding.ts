/** Audience and request binding (spec/PROTOCOL.md §5): what is present is checked, what is required must be present. */

import type { BindMember } from './bind.ts';
import { Refusal, refusalAbout } from './reasons.ts';
import type { AuthenticationRequest } from './request.ts';
import { isSignedTarget } from './target.ts';
import type { BoundToken, FreshToken } from './trust.ts';

/** What a server is configured to demand. */
export interface BindingPolicy {
  readonly audience: readonly string[];
  readonly require: readonly BindMember[];
  /** Maps the raw request-target to the one that callers see and sign, where a proxy rewrites paths. */
  readonly externalTarget: ((raw: string) => string) | undefined;
}

/** Step 6. The body's digest is compared in step 8, as the body comes later. */
export function checkBinding<User>(
  token: FreshToken<User>,
  request: AuthenticationRequest,
  policy: BindingPolicy,
): BoundToken<User> | Refusal {
  const { aud, bind } = token.claims;
  for (const one of [aud, bind?.aud]) {
    if (one !== undefined && !isOneOf(policy.audience, one)) return refusalAbout('wrong_audience', String(one));
  }

  const lists = [policy.require, request.require, token.record.require];
  const required = [...new Set(lists.flatMap((list) => list ?? []))];
  if (required.some((member) => bind?.[member] === undefined)) {
    return refusalAbout('binding_required', required.join(', '));
  }
  if (bind === undefined) return token as unknown as BoundToken<User>;

  if (bind.htm !== undefined && bind.htm !== request.method) return new Refusal('binding_mismatch');
  if (bind.target !== undefined) {
    const target = externalTarget(request.target, policy);
    if (target === undefined || !isSignedTarget(bind.target, target)) return new Refusal('binding_mismatch');
  }
  // Nobody here can tell the body's digest: refused before the nonce is spent.
  if (bind.digest !== undefined && request.bodyDigest === undefined) return new Refusal('binding_mismatch');
  return token as unknown as BoundToken<User>;
}

function isOneOf(audience: readonly string[], aud: string | readonly string[]): boolean {
  return typeof aud === 'string' ? audience.includes(aud) : aud.some((one) => audience.includes(one));
}

/** The target to compare with; `undefined`, which equals nothing, for the absolute form (RFC 9112 §3.2.2). */
function externalTarget(raw: string | undefined, policy: BindingPolicy): string | undefined {
  if (raw === undefined || !(raw.startsWith('/') || raw === '*')) return undefined;
  return policy.externalTarget === undefined ? raw : policy.externalTarget(raw);
}
