/** Publishes your own keys as a JWK set (RFC 7517 §5). */
import { encodeBytes, sha256 } from '#engine';
import { checkArgument } from '../core/arguments.ts';
import { checkOptions, numberOption } from '../core/options.ts';
import { PublicKey } from '../keys/public-key.ts';

/** The usual path at which a JWK set is published. */
export const JWKS_PATH = '/.well-known/jwks.json';

/** Options of {@link jwksEndpoint}. */
export interface JwksEndpointOptions {
  /**
   * Number of seconds for which others may cache the set; 0 to 86 400, default 300. Publish a new key at least this long before you sign
   * with it.
   */
  readonly maxAgeSeconds?: number;
}

/** The part of an `http.IncomingMessage` that {@link JwksEndpoint.node} uses. */
export interface JwksNodeRequest {
  readonly method?: string | undefined;
  readonly headers: { readonly 'if-none-match'?: string | undefined };
}

/** The part of an `http.ServerResponse` that {@link JwksEndpoint.node} uses. */
export interface JwksNodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
}

/** Responds to requests for a JWK set. Mount it at a path of your choice, such as {@link JWKS_PATH}. */
export interface JwksEndpoint {
  /**
   * Handles a Fetch API request.
   *
   * @param request - the request, of which only the method and `If-None-Match` are read
   * @returns the complete response
   * @throws TypeError if the `keys` function returns anything except public keys, and any error of that function
   */
  fetch(request: Request): Response;
  /**
   * Handles a request of `node:http`, Express, or a framework built on them.
   *
   * @param request - the request, of which only the method and `If-None-Match` are read
   * @param response - the response, which this method writes and ends
   * @throws the errors of {@link JwksEndpoint.fetch}
   */
  node(request: JwksNodeRequest, response: JwksNodeResponse): void;
}

/**
 * Creates an endpoint that publishes public keys as a JWK set (RFC 7517 §5). It supports GET, HEAD, `ETag` and 304 (RFC 9110 §13.1.2), and
 * responds with 405 to other methods.
 *
 * @param keys - public keys, or a function that is called for each request and returns public keys
 * @param options - {@link JwksEndpointOptions}
 * @returns handlers for the Fetch API and for `node:http`
 * @throws TypeError for an option that is unknown or out of range, and for a key that is not a `PublicKey`
 *
 * @example
 * ```ts
 * import { PrivateKey } from 'asymmetric-jwt-auth';
 * import { JWKS_PATH, jwksEndpoint } from 'asymmetric-jwt-auth/jwks';
 *
 * const { publicKey } = await PrivateKey.generate();
 * const endpoint = jwksEndpoint([publicKey]);
 * const response = endpoint.fetch(new Request(`https://api.example.com${JWKS_PATH}`));
 * console.log(await response.json()); // { keys: [ { kty: 'OKP', … } ] }
 * ```
 */
export function jwksEndpoint(
  keys: readonly PublicKey[] | (() => readonly PublicKey[]),
  options: JwksEndpointOptions = {},
): JwksEndpoint {
  checkOptions(options, { maxAgeSeconds: 'any' });
  const maxAge = Math.floor(numberOption('maxAgeSeconds', options.maxAgeSeconds, 300, 0, 86_400, 'seconds'));
  const fixed = typeof keys === 'function' ? undefined : publish(keys);
  const published = typeof keys === 'function' ? () => publish(keys()) : () => fixed as Published;

  function respond(method: string, condition: string | null | undefined) {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' }, body: undefined };
    const { body, etag } = published();
    const headers = { 'cache-control': `public, max-age=${maxAge}`, etag, 'x-content-type-options': 'nosniff' };
    if (isKnown(condition, etag)) return { status: 304, headers, body: undefined };
    const facts = { 'content-type': 'application/jwk-set+json', 'content-length': String(body.length) };
    return { status: 200, headers: { ...headers, ...facts }, body: method === 'HEAD' ? undefined : body };
  }

  return {
    fetch(request) {
      const { status, headers, body } = respond(request.method, request.headers.get('if-none-match'));
      return new Response(body ?? null, { status, headers });
    },
    node(request, response) {
      const { status, headers, body } = respond(request.method ?? '', request.headers['if-none-match']);
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(body);
    },
  };
}

interface Published {
  /** The body is ASCII, so its length is its number of bytes. */
  readonly body: string;
  readonly etag: string;
}

function publish(keys: readonly PublicKey[]): Published {
  checkArgument(Array.isArray(keys), 'keys', 'an array of PublicKeys, or a function that returns one', keys);
  for (const [at, key] of keys.entries()) checkArgument(key instanceof PublicKey, `keys[${at}]`, 'a PublicKey', key);
  // The set contains each key only once, even if it was passed twice.
  const unique = new Map(keys.map((key) => [key.kid, key.toJwk()]));
  const body = JSON.stringify({ keys: [...unique.values()] });
  return { body, etag: `"${encodeBytes(sha256(body))}"` };
}

/** Reports whether the list in `If-None-Match` contains this ETag, by weak comparison (RFC 9110 §13.1.2). */
function isKnown(condition: string | null | undefined, etag: string): boolean {
  if (condition === null || condition === undefined) return false;
  return condition.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
