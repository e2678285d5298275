/** The `bind` claim (spec/PROTOCOL.md §5): its members, and what a valid one looks like. */

/** Members of `bind` that a policy can require. */
export type BindMember = 'aud' | 'htm' | 'target' | 'digest';

/** The `bind` claim: what the token is restricted to. */
export interface Bind {
  readonly v: 1;
  /** Origin (`new URL(u).origin`) or id of the service that the token is for. */
  readonly aud?: string;
  /** HTTP method, as sent. */
  readonly htm?: string;
  /** Request-target, as sent: path and query, byte for byte, without an empty query. */
  readonly target?: string;
  /** Unpadded base64url SHA-256 of the body, after content coding and before chunking. */
  readonly digest?: string;
}

const BIND_MEMBERS: readonly BindMember[] = ['aud', 'htm', 'target', 'digest'];

/** @throws TypeError for a value of the option `require` that is no member of `bind` */
export function refuseUnknownMembers(require: readonly BindMember[]): void {
  for (const member of require) {
    if (!BIND_MEMBERS.includes(member)) {
      throw new TypeError(`option require: ${String(member)} is not one of ${BIND_MEMBERS.join(', ')}`);
    }
  }
}

/** Whether a value is a `bind` of version 1. An unknown member or version is not: an unknown restriction fails closed. */
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
