/**
 * Authenticates requests in Elysia, on Bun, on Node and on every other platform: pass {@link elysiaAuth} to `derive()` in front of the
 * routes to protect.
 */
import { checkArgument } from '../core/arguments.ts';
import type { Authenticator, Identity } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions, type RouteOptions } from './node.ts';
import { objectOf, readSrvxRequest, type SrvxRequest } from './srvx.ts';
import { refusalResponse } from './web.ts';
import { webBodyCheck } from './web-body.ts';

/** The part of an Elysia `Context` that the adapter uses. */
export interface ElysiaContext {
  readonly request: Request & Pick<SrvxRequest, 'ip' | 'runtime'>;
  /** The server of Bun, if the application runs on it. */
  readonly server: { requestIP(request: Request): { readonly address: string } | null } | null;
  /** Makes the value that ends a request. */
  readonly status: (...args: never[]) => unknown;
}

/** The options of {@link elysiaAuth}. */
export interface ElysiaAuthOptions<Optional extends boolean = boolean> extends RouteOptions, BodyOptions {
  /** Also accepts requests without a credential; `auth` is `undefined` for them. An invalid credential is still refused. */
  readonly optional?: Optional;
  /**
   * Returns the caller's address, for keys that are restricted to some addresses. Default: the peer of the connection on Bun and Node, and
   * no address elsewhere. Behind a proxy, read the header that your trusted proxy sets.
   */
  readonly address?: (request: Request) => string | undefined;
}

/** What handlers find in their context. */
export type ElysiaIdentity<User, Optional extends boolean = false> = {
  /** Who sent the request. */
  auth: [Optional] extends [false] ? Identity<User> : Identity<User> | undefined;
};

/** The function that {@link elysiaAuth} makes. Handlers behind it find `auth` in their context, or call `identity(request)`. */
export interface ElysiaAuth<User, Optional extends boolean = false> extends IdentityOf<Request, User> {
  (context: ElysiaContext): Promise<ElysiaIdentity<User, Optional>>;
  /**
   * Authenticates a request before Elysia parses its body: `new Elysia().onParse(auth.parse).derive(auth)`. It is needed for tokens that
   * have `bind.digest`, because `derive()` runs after the parser. It passes no decision on; `derive(auth)` finds it.
   *
   * @param context - Elysia's context
   * @returns `undefined`, so that Elysia parses the body; `null` for a refused request
   */
  parse(context: Pick<ElysiaContext, 'request' | 'server'>): Promise<undefined | null>;
}

/**
 * Makes a function for `derive()`, or for `resolve` in a macro, which lets authenticated requests pass and responds to all other requests
 * itself. Handlers find the sender's identity, with the type of your users, as `auth` in their context.
 *
 * `derive()` protects only the routes of the same instance that are declared after it. It runs after the body is parsed and before
 * anything is validated.
 *
 * A request is authenticated once, even if several functions of the same authenticator are in front of it. The later ones only check what
 * they require in addition.
 *
 * @param auth - authenticates the requests
 * @param options - {@link ElysiaAuthOptions}
 * @returns a function for `derive()`. Unless `optional` is set, the handlers after it always have an identity
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check; and if a
 *   build tool has replaced `async` functions, because Elysia would not wait for them
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { elysiaAuth } from 'asymmetric-jwt-auth/elysia';
 * import { Elysia } from 'elysia';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * const auth = elysiaAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
 * const app = new Elysia().derive(auth).get('/api/me', ({ auth }) => ({ email: auth.user.email }));
 *
 * const response = await app.handle(new Request('http://localhost/api/me'));
 * console.log(response.status, response.headers.get('www-authenticate')); // 401 JWT realm="api"
 * ```
 */
export function elysiaAuth<User, Optional extends boolean = false>(
  auth: Authenticator<User>,
  options: ElysiaAuthOptions<Optional> = {},
): ElysiaAuth<User, Optional> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', optional: 'boolean', address: 'function', ...BODY_KINDS });
  const { require, optional = false, address = peerAddress } = options;

  const identities = new Identities<User>(MOUNT);

  const decideAbout = (request: ElysiaContext['request'], server: ElysiaContext['server']) =>
    decide(auth, {
      ...readSrvxRequest(request, require),
      ...webBodyCheck(request, options),
      address: address(request, server),
    });

  // Elysia reads the names of the members from the source of this function, and sets only those.
  const hook = async ({ request, server, status }: ElysiaContext): Promise<unknown> => {
    const result = await decideAbout(request, server);
    if (result.ok || (optional && result.reason === 'missing')) {
      return { auth: identities.remember(objectOf(request), result) };
    }
    return (status as (code: number, response: Response) => unknown)(result.status, refusalResponse(result));
  };
  const isAsync = hook.constructor.name === 'AsyncFunction';
  checkArgument(
    isAsync,
    'elysiaAuth',
    'built for ES2017 or newer, because Elysia waits only for async functions',
    hook,
  );

  return Object.assign(hook as (context: ElysiaContext) => Promise<ElysiaIdentity<User, Optional>>, {
    parse: async ({ request, server }: Pick<ElysiaContext, 'request' | 'server'>) => {
      const result = await decideAbout(request, server);
      // Anything but `undefined` keeps Elysia from parsing the body of a refused request.
      return result.ok || result.reason === 'missing' ? undefined : null;
    },
    identity: (request: Request) => identities.get(objectOf(request)),
    identityOrUndefined: (request: Request) => identities.find(objectOf(request)),
  });
}

/** Returns the peer of the connection. The server of `@elysiajs/node` has a `requestIP()` too, but it throws. */
function peerAddress(request: ElysiaContext['request'], server: ElysiaContext['server'] = null): string | undefined {
  return request.runtime === undefined ? server?.requestIP(request)?.address : request.ip;
}

const MOUNT =
  'pass the function from elysiaAuth() to derive() before you declare this route: new Elysia().derive(auth)';
