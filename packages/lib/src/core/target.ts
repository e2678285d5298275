/** Normalizes and compares request-targets (RFC 9112 §3.2, spec/PROTOCOL.md §5). */

/**
 * Removes an empty query, because some HTTP clients send it as a lone `?` and others leave it out.
 *
 * @param target - path and query
 * @returns `/x` for `/x?`; any other target unchanged
 */
function withoutEmptyQuery(target: string): string {
  const last = target.length - 1;
  return target.indexOf('?') === last && last >= 0 ? target.slice(0, last) : target;
}

/**
 * Removes the fragment, which no client sends, and an empty query, which some clients send.
 *
 * @param target - path and query, and perhaps a fragment
 * @returns the target that is signed and sent
 */
export function bareTarget(target: string): string {
  const fragment = target.indexOf('#');
  return withoutEmptyQuery(fragment === -1 ? target : target.slice(0, fragment));
}

/**
 * Compares a signed target with the received one. An empty query is ignored on both sides, and so is a fragment in the signed target. A
 * fragment in the *received* target is not ignored: a request-target cannot have one, and applications interpret it in different ways.
 *
 * @param signed - from the token
 * @param received - the raw request-target
 * @returns whether the token was signed for this target
 */
export function isSignedTarget(signed: string, received: string): boolean {
  return signed === received || bareTarget(signed) === withoutEmptyQuery(received);
}
