/** Web-standard handlers, `(Request) => Response`: Deno, Bun, Workers, Next.js, SvelteKit, Hono and others. */
import type { AuthenticationResult, Authenticator, Identity } from '../server/authenticate.ts';
import type { RefusedResult } from '../server/challenge.ts';
import { checkRouteOptions, type RouteOptions } from './node.ts';

/** Authentication for web-standard handlers. */
export interface WebAuth<User> {
  /** Decides about a request. Its body is not read. */
  authenticate(request: Request): Promise<AuthenticationResult<User>>;
  /** Makes the answer to a refused request. */
  reject(result: RefusedResult): Response;
  /** Wraps a handler: it sees authenticated requests only, and who sent them. */
  protect<Rest extends unknown[]>(
    handler: (request: Request, identity: Identity<User>, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** As `protect`, but requests without a credential come through with `undefined`; an invalid credential never does. */
  optional<Rest extends unknown[]>(
    handler: (request: Request, identity: Identity<User> | undefined, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
}

/**
 * Authentication for web-standard handlers. A bound target is compared with the path and query of `request.url`, which the
 * platform has parsed: for a path that it rewrites (`/a/../b`) a bound token is refused.
 *
 * @throws TypeError for an option that is unknown
 */
export function webAuth<User>(auth: Authenticator<User>, options: RouteOptions = {}): WebAuth<User> {
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
    protect:
      (handler) =>
      async (request, ...rest) => {
        const result = await authenticate(request);
        return result.ok ? handler(request, result, ...rest) : reject(result);
      },
    optional:
      (handler) =>
      async (request, ...rest) => {
        const result = await authenticate(request);
        if (!result.ok && result.reason !== 'missing') return reject(result);
        return handler(request, result.ok ? result : undefined, ...rest);
      },
  };
}
