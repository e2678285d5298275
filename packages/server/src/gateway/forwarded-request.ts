/** What a forward-auth request says of the request that it is about. */
import type { IncomingMessage } from 'node:http';
import { headerValues } from 'asymmetric-jwt-auth/node';

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

/** Headers that name the method: nginx by custom, Traefik and Caddy. */
const METHODS = { 'x-original-method': asSent, 'x-forwarded-method': asSent };
/** Headers that name the target: nginx by custom, ingress-nginx, Traefik and Caddy. */
const TARGETS = { 'x-original-uri': asSent, 'x-original-url': originForm, 'x-forwarded-uri': asSent };

/**
 * The original request. Envoy sends its method, and its target below our path; the others send both in headers, which count
 * only from a trusted proxy.
 */
export function describedRequest(request: IncomingMessage, trusted: boolean): Described {
  const below = originForm(request.url ?? '').slice(FORWARD_AUTH.length);
  if (below.startsWith('/')) return { method: request.method, target: below };
  if (!trusted) return { method: undefined, target: undefined };
  return { method: onlyValue(request.rawHeaders, METHODS), target: onlyValue(request.rawHeaders, TARGETS) };
}

/**
 * The value that all these headers agree on. No header wins over another: a proxy sets one of them and passes the others on, so
 * that where two differ, one may be the client's own.
 *
 * @param readers - by header name, in lower case, what turns its value into a method or a target
 */
function onlyValue(
  rawHeaders: readonly string[],
  readers: Readonly<Record<string, (value: string) => string>>,
): string | undefined {
  const values = new Set(Object.entries(readers).flatMap(([name, read]) => headerValues(rawHeaders, name).map(read)));
  return values.size === 1 ? [...values][0] : undefined;
}

function asSent(value: string): string {
  return value;
}
