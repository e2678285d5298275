/** Web-standard handlers, `(Request) => Response`: Deno, Bun, Workers, Next.js, SvelteKit, Hono and others. */
import { checkArgument } from '../core/arguments.ts';
import type { AuthenticationResult, Authenticator, Identity } from '../server/authenticate.ts';
import type { RefusedResult } from '../server/refusal-response.ts';
import { checkAuthenticator, checkRouteOptions, type RouteOptions } from './node.ts';

/** Authentication for web-standard handlers. */
export interface WebAuth<User> {
  /**
   * Decides about a request, and spends its token if it is good. Its body is not read.
   *
   * @param request - its URL is whole, as the platform makes it
   * @returns who sent it, or the whole answer to a refused request; it never rejects
   */
  authenticate(request: Request): Promise<AuthenticationResult<User>>;
  /**
   * Makes the answer to a refused request.
   *
   * @param result - of {@link WebAuth.authenticate}
   * @returns a new response, with the status, the headers and the body of the refusal
   */
  reject(result: RefusedResult): Response;
  /**
   * Wraps a handler: it sees authenticated requests only, and who sent them.
   *
   * @param handler - also gets whatever else the platform hands over
   * @returns a handler that answers refused requests itself, and rejects only as the one inside does
   */
  protect<Rest extends unknown[]>(
    handler: (request: Request, identity: Identity<User>, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /**
   * As `protect`, but requests without a credential come through with `undefined`; an invalid credential never does.
   *
   * @param handler - as for `protect`
   * @returns as `protect`
   */
  optional<Rest extends unknown[]>(
    handler: (request: Request, identity: Identity<User> | undefined, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
}

/**
 * Authentication for web-standard handlers. A bound target is compared with the path and query of `request.url`, which the
 * platform has parsed. If the platform rewrites a path (`/a/../b`), a token bound to the original path is refused.
 *
 * @param auth - decides about the requests
 * @param options - {@link RouteOptions}
 * @returns wrappers for handlers, and what they are made of
 * @throws TypeError for an option that is unknown or of another kind, and for a member in `require` that cannot be required here
 */
export function webAuth<User>(auth: Authenticator<User>, options: RouteOptions = {}): WebAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array' });

  function authenticate(request: Request): Promise<AuthenticationResult<User>> {
    const { pathname, search } = new URL(request.url);
    return auth.authenticate({
      authorization: request.headers.get('authorization'),
      method: request.method,
      target: pathname + search,
      require: options.require,
    });
  }

  function reject({ body, status, headers }: RefusedResult): Response {
    return new Response(body, { status, headers });
  }

  return {
    authenticate,
    reject,
    protect(handler) {
      checkHandler(handler);
      return async (request, ...rest) => {
        const result = await authenticate(request);
        return result.ok ? handler(request, result, ...rest) : reject(result);
      };
    },
    optional(handler) {
      checkHandler(handler);
      return async (request, ...rest) => {
        const result = await authenticate(request);
        if (!result.ok && result.reason !== 'missing') return reject(result);
        return handler(request, result.ok ? result : undefined, ...rest);
      };
    },
  };
}

/** @throws TypeError */
function checkHandler(handler: unknown): void {
  checkArgument(typeof handler === 'function', 'handler', 'a function (request, identity) => Response', handler);
}
