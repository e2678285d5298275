/** A JWK set of one's own keys (RFC 7517 §5), for others to fetch. */
import { encodeBytes, sha256 } from '#engine';
import { checkArgument } from '../core/arguments.ts';
import { checkOptions, numberOption } from '../core/options.ts';
import { PublicKey } from '../keys/public-key.ts';

/** Where others expect it, below the origin. */
export const JWKS_PATH = '/.well-known/jwks.json';

/** How a set is published. */
export interface JwksEndpointOptions {
  /** Seconds for which others may keep it, 0 to 86 400, default 300: a new key should be published that much before it signs. */
  readonly maxAgeSeconds?: number;
}

/** What is needed of an `http.IncomingMessage`. */
export interface JwksNodeRequest {
  readonly method?: string | undefined;
  readonly headers: { readonly 'if-none-match'?: string | undefined };
}

/** What is needed of an `http.ServerResponse`. */
export interface JwksNodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
}

/** Answers with a JWK set; which path leads here is the application's own. */
export interface JwksEndpoint {
  /**
   * For handlers of `Request` and `Response`.
   *
   * @param request - its method and `If-None-Match` count
   * @returns the whole answer
   * @throws TypeError where the function that is asked for keys gives something else; and what it throws
   */
  fetch(request: Request): Response;
  /**
   * For `node:http`, Express and what is on top of them.
   *
   * @param request - its method and `If-None-Match` count
   * @param response - is written and ended
   * @throws as {@link JwksEndpoint.fetch}
   */
  node(request: JwksNodeRequest, response: JwksNodeResponse): void;
}

/**
 * Makes an endpoint that publishes keys, of every kind, under their `kid`, as a JWK set (RFC 7517 §5): GET and HEAD, with `ETag` and 304
 * (RFC 9110 §13.1.2); 405 for anything else.
 *
 * @param keys - public keys, or a function that is asked for them with each request
 * @param options - {@link JwksEndpointOptions}
 * @returns the endpoint, for two kinds of servers
 * @throws TypeError for an option that is unknown or out of its range, and for what is no `PublicKey`
 */
export function jwksEndpoint(
  keys: readonly PublicKey[] | (() => readonly PublicKey[]),
  options: JwksEndpointOptions = {},
): JwksEndpoint {
  checkOptions(options, { maxAgeSeconds: 'any' });
  const maxAge = Math.floor(numberOption('maxAgeSeconds', options.maxAgeSeconds, 300, 0, 86_400, 'seconds'));
  const fixed = typeof keys === 'function' ? undefined : publish(keys);
  const published = typeof keys === 'function' ? () => publish(keys()) : () => fixed as Published;

  function answer(method: string, condition: string | null | undefined) {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' }, body: undefined };
    const { body, etag } = published();
    const headers = { 'cache-control': `public, max-age=${maxAge}`, etag, 'x-content-type-options': 'nosniff' };
    if (isKnown(condition, etag)) return { status: 304, headers, body: undefined };
    const facts = { 'content-type': 'application/jwk-set+json', 'content-length': String(body.length) };
    return { status: 200, headers: { ...headers, ...facts }, body: method === 'HEAD' ? undefined : body };
  }

  return {
    fetch(request) {
      const { status, headers, body } = answer(request.method, request.headers.get('if-none-match'));
      return new Response(body ?? null, { status, headers });
    },
    node(request, response) {
      const { status, headers, body } = answer(request.method ?? '', request.headers['if-none-match']);
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(body);
    },
  };
}

interface Published {
  /** ASCII. */
  readonly body: string;
  readonly etag: string;
}

function publish(keys: readonly PublicKey[]): Published {
  checkArgument(Array.isArray(keys), 'keys', 'an array of PublicKeys, or a function that returns one', keys);
  for (const [at, key] of keys.entries()) checkArgument(key instanceof PublicKey, `keys[${at}]`, 'a PublicKey', key);
  // One key, given twice, has one name.
  const unique = new Map(keys.map((key) => [key.kid, key.toJwk()]));
  const body = JSON.stringify({ keys: [...unique.values()] });
  return { body, etag: `"${encodeBytes(sha256(body))}"` };
}

/** RFC 9110 §13.1.2: a list, compared weakly. */
function isKnown(condition: string | null | undefined, etag: string): boolean {
  if (condition === null || condition === undefined) return false;
  return condition.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
