/** What a forward-auth request says of the request that it is about. */
import type { IncomingMessage } from 'node:http';

/** Where forward-auth is. */
export const FORWARD_AUTH = '/.ajwt/auth';

/** Method and request-target of a request; `undefined` equals nothing that a token can be bound to. */
export interface Described {
  readonly method: string | undefined;
  readonly target: string | undefined;
}

/** The origin form (RFC 9112 §3.2.1) of a request-target: as sent, but for the scheme and host of the absolute form. */
export function originForm(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '');
}

/** Headers of nginx by custom, and those of Traefik and Caddy. */
const METHODS = ['x-original-method', 'x-forwarded-method'];
const TARGETS = ['x-original-uri', 'x-original-url', 'x-forwarded-uri'];

/**
 * The original request. Envoy sends its method, and its target below our path; the others send both in headers, which count
 * only from a trusted proxy.
 */
export function describedRequest(request: IncomingMessage, trusted: boolean): Described {
  const below = originForm(request.url ?? '').slice(FORWARD_AUTH.length);
  if (below.startsWith('/')) return { method: request.method, target: below };
  if (!trusted) return { method: undefined, target: undefined };
  const headers = request.headersDistinct;
  return { method: onlyValue(headers, METHODS), target: onlyValue(headers, TARGETS) };
}

/** The value that all these headers agree on: where two differ, one of them may be the client's own. */
function onlyValue(headers: NodeJS.Dict<string[]>, names: readonly string[]): string | undefined {
  const values = new Set(names.flatMap((name) => headers[name] ?? []));
  return values.size === 1 ? [...values][0] : undefined;
}
