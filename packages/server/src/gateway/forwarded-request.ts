/** Reads the original request from a forward-auth request. */
import type { IncomingMessage } from 'node:http';
import { headerValues } from 'asymmetric-jwt-auth/node';

/** Path of the forward-auth endpoint. */
export const FORWARD_AUTH = '/.ajwt/auth';

/** Method and request target of the original request. A bound token never matches `undefined`. */
export interface Described {
  readonly method: string | undefined;
  readonly target: string | undefined;
}

/** Returns the origin form (RFC 9112 §3.2.1) of a request target: removes scheme and host from an absolute form. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  return target.replace(/^https?:\/\/[^/?#]*/i, '');
}

/** Headers with the method. nginx recipes set the first one, Traefik and Caddy the second. */
const METHODS = { 'x-original-method': asSent, 'x-forwarded-method': asSent };
/** Headers with the target. nginx recipes set the first one, ingress-nginx the second, Traefik and Caddy the third. */
const TARGETS = { 'x-original-uri': asSent, 'x-original-url': originForm, 'x-forwarded-uri': asSent };

/**
 * Returns the original request. Envoy sends it with the same method, and with its target after our path. Other proxies send
 * method and target in headers, which are read only if the proxy is trusted.
 */
export function describedRequest(request: IncomingMessage, trusted: boolean): Described {
  const below = originForm(request.url ?? '').slice(FORWARD_AUTH.length);
  if (below.startsWith('/')) return { method: request.method, target: below };
  if (!trusted) return { method: undefined, target: undefined };
  return { method: onlyValue(request.rawHeaders, METHODS), target: onlyValue(request.rawHeaders, TARGETS) };
}

/**
 * Returns the value that all these headers agree on. If two differ, neither is used: a proxy sets one of them and forwards the others,
 * so one may come from the client.
 *
 * @param readers - functions that convert a header's value into a method or a target, by header name in lower case
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
