/**
 * Authenticates requests in h3 2 and Nitro 3, on Node and on every other platform: mount {@link h3Auth} in front of the routes to protect.
 */
import type { Authenticator } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions, type RouteOptions } from './node.ts';
import { objectOf, readSrvxRequest, type SrvxRequest } from './srvx.ts';
import { refusalResponse } from './web.ts';

/** The part of an `H3Event` that the adapter uses. */
export interface H3AuthEvent {
  readonly req: SrvxRequest & {
    /** Set by a platform or middleware that knows the caller's address better than the server. */
    readonly context?: { readonly clientAddress?: unknown } | undefined;
  };
}

/** The options of {@link h3Auth}. */
export interface H3AuthOptions extends RouteOptions, BodyOptions {
  /** Also accepts requests without a credential; `identityOrUndefined(event)` is `undefined` for them. An invalid one is still refused. */
  readonly optional?: boolean;
}

/** An h3 middleware. */
export type H3Middleware = (event: H3AuthEvent, next: () => unknown) => Promise<unknown>;

/** The middleware that {@link h3Auth} makes. Handlers behind it call `identity(event)`. */
export interface H3Auth<User> extends H3Middleware, IdentityOf<H3AuthEvent, User> {}

/**
 * Makes a middleware that passes authenticated requests to the next handler and responds to all other requests itself. Handlers get the
 * sender's identity, with the type of your users, from its method `identity`.
 *
 * A request is authenticated once, even if several middlewares of the same authenticator are in front of it. The later ones only check what
 * they require in addition.
 *
 * @param auth - authenticates the requests
 * @param options - {@link H3AuthOptions}
 * @returns a middleware. Unless `optional` is set, the handlers after it always have an identity
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { h3Auth } from 'asymmetric-jwt-auth/h3';
 * import { H3 } from 'h3';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * const auth = h3Auth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
 * const app = new H3();
 * app.use('/api/**', auth);
 * app.get('/api/me', (event) => ({ email: auth.identity(event).user.email }));
 *
 * const response = await app.request('/api/me');
 * console.log(response.status, response.headers.get('www-authenticate')); // 401 JWT realm="api"
 * ```
 */
export function h3Auth<User>(auth: Authenticator<User>, options: H3AuthOptions = {}): H3Auth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', optional: 'boolean', ...BODY_KINDS });
  const { require, optional = false } = options;

  const identities = new Identities<User>(MOUNT);

  const middleware: H3Middleware = async (event, next) => {
    const { req } = event;
    const result = await decide(auth, { ...readSrvxRequest(req, require, options), address: addressOf(req) });
    if (!result.ok && !(optional && result.reason === 'missing')) return refusalResponse(result);
    identities.remember(objectOf(req), result);
    return next();
  };
  return Object.assign(middleware, {
    identity: (event: H3AuthEvent) => identities.get(objectOf(event.req)),
    identityOrUndefined: (event: H3AuthEvent) => identities.find(objectOf(event.req)),
  });
}

/** Returns the caller's address, as `getRequestIP` of h3 does. */
function addressOf({ context, ip }: H3AuthEvent['req']): string | undefined {
  const address = context?.clientAddress;
  return typeof address === 'string' && address !== '' ? address : ip;
}

const MOUNT = 'mount the middleware from h3Auth() in front of this route, such as app.use("/api/**", auth)';
