/**
 * Authenticates requests in Hono 4, on Node and on every other platform: mount {@link honoAuth} in front of the routes to protect.
 */
import type { MiddlewareHandler } from 'hono';
import type { AuthenticationRequest } from '../core/request.ts';
import type { Authenticator, Identity } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions, type NodeRequest, type RouteOptions, readNodeRequest } from './node.ts';
import { readWebRequest } from './web.ts';
import { webBodyCheck } from './web-body.ts';

/** The part of a Hono `Context` that the adapter uses. */
export interface HonoContext {
  /** On Node, `@hono/node-server` sets `env.incoming`. */
  readonly env: unknown;
  readonly req: { readonly raw: Request };
}

/** The options of {@link honoAuth}. */
export interface HonoAuthOptions<Optional extends boolean = boolean> extends RouteOptions, BodyOptions {
  /** Also accepts requests without a credential; `c.get('auth')` is `undefined` for them. An invalid credential is still refused. */
  readonly optional?: Optional;
  /**
   * Returns the caller's address, for keys that are restricted to some addresses. Default: the peer of the connection on Node, and no
   * address elsewhere. Pass `(c) => getConnInfo(c).remote.address` on other platforms, or read the header that your trusted proxy sets.
   */
  readonly address?: (c: HonoContext) => string | undefined;
}

/** The type of an application whose handlers are all behind {@link honoAuth}: `new Hono<HonoAuthEnv<User>>()`. */
export interface HonoAuthEnv<User, Optional extends boolean = false> {
  Variables: {
    /** Who sent the request. */
    auth: [Optional] extends [false] ? Identity<User> : Identity<User> | undefined;
  };
}

/** The middleware that {@link honoAuth} makes. Handlers behind it call `identity(c)`, or read `c.get('auth')`. */
export interface HonoAuth<User, Optional extends boolean = false>
  extends MiddlewareHandler<HonoAuthEnv<User, Optional>>,
    IdentityOf<HonoContext, User> {}

/**
 * Makes a middleware that passes authenticated requests to the next handler and responds to all other requests itself. Handlers get the
 * sender's identity, with the type of your users, from its method `identity`; it is also in `c.get('auth')` and `c.var.auth`.
 *
 * A request is authenticated once, even if several middlewares of the same authenticator are in front of it. The later ones only check what
 * they require in addition. On Node this includes applications that are mounted with `mount()`. On other platforms a mounted application
 * gets a new `Context`, which counts as a new request: put the middleware either in front of the mount or inside.
 *
 * @param auth - authenticates the requests
 * @param options - {@link HonoAuthOptions}
 * @returns a middleware. Unless `optional` is set, the handlers after it always have an identity
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { honoAuth } from 'asymmetric-jwt-auth/hono';
 * import { Hono } from 'hono';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * const auth = honoAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
 * const app = new Hono();
 * app.use('/api/*', auth);
 * app.get('/api/me', (c) => c.json({ email: auth.identity(c).user.email }));
 *
 * const response = await app.request('/api/me');
 * console.log(response.status, response.headers.get('www-authenticate')); // 401 JWT realm="api"
 * ```
 */
export function honoAuth<User, Optional extends boolean = false>(
  auth: Authenticator<User>,
  options: HonoAuthOptions<Optional> = {},
): HonoAuth<User, Optional> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', optional: 'boolean', address: 'function', ...BODY_KINDS });
  const { require, optional = false, address } = options;

  const identities = new Identities<User>(MOUNT);

  function read(c: HonoContext): AuthenticationRequest {
    const incoming = incomingOf(c);
    const request =
      incoming === undefined
        ? { ...readWebRequest(c.req.raw, require), request: c }
        : readNodeRequest(incoming, incoming.url, require);
    // @hono/node-server refuses to read a request of Node that was read before, so the body of `c.req.raw` is checked on Node too.
    const read = { ...request, ...webBodyCheck(c.req.raw, options) };
    return address === undefined ? read : { ...read, address: address(c) };
  }

  const handler: MiddlewareHandler<HonoAuthEnv<User, boolean>> = async (c, next) => {
    const result = await decide(auth, read(c));
    if (!result.ok && !(optional && result.reason === 'missing')) {
      // Unlike a new Response, this keeps headers such as X-Request-Id that other middleware has set on the context.
      return c.body(result.body, result.status as 401, { ...result.headers });
    }
    c.set('auth', identities.remember(incomingOf(c) ?? c, result));
    await next();
  };
  return Object.assign(handler as MiddlewareHandler<HonoAuthEnv<User, Optional>>, {
    identity: (c: HonoContext) => identities.get(incomingOf(c) ?? c),
    identityOrUndefined: (c: HonoContext) => identities.find(incomingOf(c) ?? c),
  });
}

/**
 * Returns Node's request, which is the same object in mounted applications and contains what was sent, byte for byte.
 *
 * On other platforms `env` contains whatever the developer has bound, perhaps with the same name. That object would be the same for all
 * requests, so it must look like a request of Node.
 */
function incomingOf({ env }: HonoContext): (NodeRequest & object) | undefined {
  const incoming = (env as { incoming?: Partial<NodeRequest> } | undefined)?.incoming;
  const isRequest = typeof incoming?.url === 'string' && Array.isArray(incoming.rawHeaders);
  return isRequest ? (incoming as NodeRequest) : undefined;
}

const MOUNT = 'mount the middleware from honoAuth() in front of this route, such as app.use("/api/*", auth)';
