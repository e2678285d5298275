/** Request-targets (RFC 9112 §3.2), as they are signed, sent and compared (spec/PROTOCOL.md §5). */

/**
 * Removes an empty query, which some HTTP clients send as a lone `?` and others don't.
 *
 * @param target - path and query
 * @returns `/x` for `/x?`; any other target as it is
 */
function withoutEmptyQuery(target: string): string {
  const last = target.length - 1;
  return target.indexOf('?') === last && last >= 0 ? target.slice(0, last) : target;
}

/**
 * Removes what clients don't send, or not all of them do: a fragment and an empty query. Both are removed before a target is signed.
 *
 * @param target - path and query, and perhaps a fragment
 * @returns the target as it is signed and sent
 */
export function bareTarget(target: string): string {
  const fragment = target.indexOf('#');
  return withoutEmptyQuery(fragment === -1 ? target : target.slice(0, fragment));
}

/**
 * Compares a signed target with the one that was received. An empty query counts as none on both sides, and so does a fragment that
 * was signed. A fragment that was *received* counts in full: it has no place in a request-target, and applications read what follows
 * the `#` in different ways.
 *
 * @param signed - as the token claims it
 * @param received - the raw request-target
 * @returns whether the token was signed for this target
 */
export function isSignedTarget(signed: string, received: string): boolean {
  return signed === received || bareTarget(signed) === withoutEmptyQuery(received);
}
