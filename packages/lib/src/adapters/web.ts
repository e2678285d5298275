/**
 * Authenticates requests in handlers that take a `Request` and return a `Response`, as in Next.js, Deno, Bun and Workers: wrap the handler
 * with `webAuth(auth).protect`. To write an adapter for a framework that has a `Request`, use {@link readWebRequest} and
 * {@link refusalResponse}.
 */
import { checkArgument } from '../core/arguments.ts';
import type { BindMember } from '../core/bind.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import type { AuthenticationResult, Authenticator, Identity } from '../server/authenticate.ts';
import type { RefusedResult } from '../server/refusal-response.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions, type RouteOptions } from './node.ts';
import { webBodyCheck } from './web-body.ts';

export { bufferWebBody, checkWebBody } from './web-body.ts';

/** The part of a `Request` that the adapter uses. */
export interface WebRequest {
  /** The absolute URL. */
  readonly url: string;
  readonly method: string;
  readonly headers: { get(name: 'authorization'): string | null };
}

/** The options of {@link webAuth}. */
export interface WebAuthOptions extends RouteOptions, BodyOptions {}

/** Authenticates requests in handlers of `Request` and `Response`. {@link webAuth} makes one. */
export interface WebAuth<User> extends IdentityOf<Request, User> {
  /**
   * Authenticates a request. An accepted token is used up. The body is only read if the token has `bind.digest`; you can read it
   * afterwards.
   *
   * @param request - a request with an absolute URL
   * @returns who sent the request, or the complete response that refuses it. The promise never rejects
   */
  authenticate(request: Request): Promise<AuthenticationResult<User>>;
  /**
   * Makes the response to a refused request.
   *
   * @param result - from {@link WebAuth.authenticate}
   * @returns a new response, with the status, headers and body of the refusal
   */
  reject(result: RefusedResult): Response;
  /**
   * Wraps a handler, so that it is called only with authenticated requests, and with the sender's identity.
   *
   * @param handler - called with the request, the identity, and any further arguments of the platform
   * @returns a handler that responds to refused requests itself. It rejects only if `handler` rejects
   */
  protect<Rest extends unknown[]>(
    handler: (request: Request, identity: Identity<User>, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /**
   * Wraps a handler as `protect` does, but also calls it for requests without a credential. Their identity is `undefined`. An invalid
   * credential is still refused.
   *
   * @param handler - called with the request, the identity if there is one, and any further arguments of the platform
   * @returns a handler that responds to refused requests itself. It rejects only if `handler` rejects
   */
  optional<Rest extends unknown[]>(
    handler: (request: Request, identity: Identity<User> | undefined, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
}

/**
 * Makes the functions that authenticate requests in handlers of `Request` and `Response`.
 *
 * The signed `bind.target` is compared with the path and query of `request.url`. If the platform normalizes the path (`/a/../b`), a token
 * for the original path is refused.
 *
 * @param auth - authenticates the requests
 * @param options - {@link WebAuthOptions}
 * @returns `protect` and `optional`, which wrap handlers, and `authenticate` and `reject`, which those two call
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { webAuth } from 'asymmetric-jwt-auth/web';
 *
 * const { protect } = webAuth(createAuthenticator({ keys: memoryKeyStore(), nonces: memoryNonceStore() }));
 * const handler = protect((_request, identity) => new Response(`hello ${identity.username}`));
 *
 * const response = await handler(new Request('https://api.example.com/me'));
 * console.log(response.status, response.headers.get('www-authenticate')); // 401 JWT realm="api"
 * ```
 */
export function webAuth<User>(auth: Authenticator<User>, options: WebAuthOptions = {}): WebAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', ...BODY_KINDS });

  const identities = new Identities<User>(
    'wrap the handler with protect() or optional(), or await authenticate(request)',
  );

  async function authenticate(request: Request): Promise<AuthenticationResult<User>> {
    const result = await decide(auth, readWebRequest(request, options.require, options));
    identities.remember(request, result);
    return result;
  }

  return {
    authenticate,
    reject: refusalResponse,
    identity: (request) => identities.get(request),
    identityOrUndefined: (request) => identities.find(request),
    protect(handler) {
      checkHandler(handler);
      return async (request, ...rest) => {
        const result = await authenticate(request);
        return result.ok ? handler(request, result, ...rest) : refusalResponse(result);
      };
    },
    optional(handler) {
      checkHandler(handler);
      return async (request, ...rest) => {
        const result = await authenticate(request);
        if (!result.ok && result.reason !== 'missing') return refusalResponse(result);
        return handler(request, result.ok ? result : undefined, ...rest);
      };
    },
  };
}

/** Throws a TypeError unless the handler is a function. */
function checkHandler(handler: unknown): void {
  checkArgument(typeof handler === 'function', 'handler', 'a function (request, identity) => Response', handler);
}

/**
 * Converts a `Request` to the argument of {@link Authenticator.authenticate}, which has no address, because a `Request` has none. The
 * argument contains the request itself, so that the request is authenticated once, even if several adapters handle it.
 *
 * @param request - a request with an absolute URL
 * @param require - members of `bind` that the route requires
 * @param body - how to check the body; without it, a token that has `bind.digest` is refused
 * @returns the argument, without `address`
 *
 * @example
 * ```ts
 * import { readWebRequest } from 'asymmetric-jwt-auth/web';
 *
 * const received = new Request('https://api.example.com/me?x=1', { headers: { authorization: 'JWT eyJ' } });
 * const request = readWebRequest(received, ['target']);
 * console.log(request.target, request.authorization); // /me?x=1 JWT eyJ
 * ```
 */
export function readWebRequest(
  request: WebRequest,
  require: readonly BindMember[] | undefined,
  body?: BodyOptions,
): AuthenticationRequest {
  const { pathname, search } = new URL(request.url);
  const { method, headers } = request;
  const authorization = headers.get('authorization');
  const parts = { authorization, method, target: pathname + search, require, request };
  return body === undefined ? parts : { ...parts, ...webBodyCheck(request as Request, body) };
}

/**
 * Makes the response to a refused request.
 *
 * @param result - the refusal, which is sent unchanged
 * @returns a new response, with the status, headers and body of the refusal
 *
 * @example
 * ```ts
 * import type { Authenticator } from 'asymmetric-jwt-auth';
 * import { readWebRequest, refusalResponse } from 'asymmetric-jwt-auth/web';
 *
 * async function guard<User>(auth: Authenticator<User>, request: Request): Promise<Response | undefined> {
 *   const result = await auth.authenticate(readWebRequest(request, []));
 *   return result.ok ? undefined : refusalResponse(result);
 * }
 * ```
 */
export function refusalResponse(result: RefusedResult): Response {
  const { body, status, headers } = result;
  return new Response(body, { status, headers });
}
