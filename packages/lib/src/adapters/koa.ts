/**
 * Authenticates requests in Koa 3: mount {@link koaAuth} in front of the routes to protect, or of a single one.
 */
import type { Authenticator, Identity } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions, type NodeRequest, type RouteOptions, readNodeRequest } from './node.ts';

/** The part of a Koa context that the adapter uses. */
export interface KoaContext<State = object> {
  readonly req: NodeRequest;
  /** The raw request-target. `koa-mount` removes its prefix from `url`, but not from `originalUrl`. */
  readonly originalUrl: string;
  /** The caller's address, according to the Koa settings `proxy` and `maxIpsCount`; empty if the connection is closed. */
  readonly ip: string;
  state: State;
  status: number;
  body: unknown;
  set(headers: Record<string, string>): void;
}

/** The options of {@link koaAuth}. */
export interface KoaAuthOptions<Optional extends boolean = boolean> extends RouteOptions, BodyOptions {
  /** Also accepts requests without a credential; their `ctx.state.auth` is `undefined`. An invalid credential is still refused. */
  readonly optional?: Optional;
}

/** The type of `ctx.state` behind {@link koaAuth}. Pass it to `new Koa<KoaAuthState<User>>()` or `new Router<KoaAuthState<User>>()`. */
export interface KoaAuthState<User, Optional extends boolean = false> {
  /** Who sent the request. */
  auth: [Optional] extends [false] ? Identity<User> : Identity<User> | undefined;
}

/** The middleware that {@link koaAuth} makes. Handlers behind it call `identity(ctx)`, or read `ctx.state.auth`. */
export interface KoaAuth<User, Optional extends boolean = false> extends IdentityOf<Pick<KoaContext, 'req'>, User> {
  /**
   * Authenticates a request.
   *
   * @param ctx - Koa's context
   * @param next - calls the next middleware
   */
  (ctx: KoaContext<KoaAuthState<User, Optional>>, next: () => Promise<unknown>): Promise<void>;
}

/**
 * Makes a middleware that passes authenticated requests to the next one and responds to all other requests itself. It does not throw, because
 * Koa would remove the challenge from the response to an error. Handlers get the sender's identity, with the type of your users, from its
 * method `identity`; it is also in `ctx.state.auth`.
 *
 * A request is authenticated once, even if several middlewares of the same authenticator are in front of it. The later ones only check what
 * they require in addition.
 *
 * @param auth - authenticates the requests
 * @param options - {@link KoaAuthOptions}
 * @returns a middleware that rejects only if a later one does. Unless `optional` is set, the handlers after it always have an identity
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { koaAuth } from 'asymmetric-jwt-auth/koa';
 * import Koa from 'koa';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * const auth = koaAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
 * const app = new Koa();
 * app.use(auth);
 * app.use((ctx) => {
 *   ctx.body = { email: auth.identity(ctx).user.email };
 * });
 * ```
 */
export function koaAuth<User, Optional extends boolean = false>(
  auth: Authenticator<User>,
  options: KoaAuthOptions<Optional> = {},
): KoaAuth<User, Optional> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', optional: 'boolean', ...BODY_KINDS });
  const { require, optional = false } = options;

  // Applications that are mounted in each other may have several contexts for a request, but only one `req`.
  const identities = new Identities<User>(MOUNT);

  const middleware = async (ctx: KoaContext, next: () => Promise<unknown>): Promise<void> => {
    const seen = readNodeRequest(ctx.req, ctx.originalUrl, require, options);
    const result = await decide(auth, { ...seen, address: ctx.ip || undefined });
    if (!result.ok && !(optional && result.reason === 'missing')) {
      ctx.status = result.status;
      // Before the body, because Koa sets the type of a string without one.
      ctx.set({ ...result.headers });
      ctx.body = result.body;
      return;
    }
    Object.assign(ctx.state, { auth: identities.remember(ctx.req, result) });
    await next();
  };
  return Object.assign(middleware, {
    identity: (ctx: Pick<KoaContext, 'req'>) => identities.get(ctx.req),
    identityOrUndefined: (ctx: Pick<KoaContext, 'req'>) => identities.find(ctx.req),
  });
}

const MOUNT =
  'mount the middleware from koaAuth() in front of this one, such as app.use(auth) or router.get("/me", auth, handler)';
