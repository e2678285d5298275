/** The `bind` claim (spec/PROTOCOL.md §5). */

/** Members of `bind` that a policy can require. */
export type BindMember = 'aud' | 'htm' | 'target' | 'digest';

/** The `bind` claim, which restricts a token to a service, a method, a target or a body. */
export interface Bind {
  readonly v: 1;
  /** Origin (`new URL(u).origin`) or id of the service that the token is for. */
  readonly aud?: string;
  /** HTTP method, as sent. */
  readonly htm?: string;
  /** Request-target, as sent: path and query, byte for byte, without an empty query. */
  readonly target?: string;
  /** SHA-256 of the body in unpadded base64url, computed after content coding and before chunking. */
  readonly digest?: string;
}

/** All members of `bind`, except its version. */
export const BIND_MEMBERS: readonly BindMember[] = ['aud', 'htm', 'target', 'digest'];

/** Throws a TypeError if the option `require` names an unknown member of `bind`. */
export function refuseUnknownMembers(require: readonly BindMember[]): void {
  for (const member of require) {
    if (!BIND_MEMBERS.includes(member)) {
      throw new TypeError(`option require: ${String(member)} is not one of ${BIND_MEMBERS.join(', ')}`);
    }
  }
}

/** Returns whether a value is a valid `bind` claim. A claim with an unknown member or version is invalid, because it cannot be checked. */
export function isBind(value: unknown): value is Bind {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { v, ...members } = value as Record<string, unknown>;
  return (
    v === 1 &&
    Object.entries(members).every(
      ([name, member]) => BIND_MEMBERS.includes(name as BindMember) && typeof member === 'string',
    )
  );
}
