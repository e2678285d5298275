/**
 * Authenticates requests in Express 5 or 4: mount {@link expressAuth} in front of the routes to protect. To use `req.auth` in TypeScript,
 * import `asymmetric-jwt-auth/express/global` once, which declares its type.
 */
import type { Authenticator } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import {
  checkAuthenticator,
  checkRouteOptions,
  type NodeRequest,
  type NodeResponse,
  type RouteOptions,
  readNodeRequest,
  writeRefusal,
} from './node.ts';

/** The part of an Express request that the adapter uses. */
export interface ExpressRequest extends NodeRequest {
  /** The raw request-target. Routers remove their prefix from `url`, but not from `originalUrl`. */
  readonly originalUrl: string;
  /** The caller's address, according to the Express setting `trust proxy`. */
  readonly ip?: string | undefined;
  auth?: unknown;
}

/** The part of an Express response that the adapter uses. */
export interface ExpressResponse extends NodeResponse {
  locals: object;
}

/** The options of {@link expressAuth}. */
export interface ExpressAuthOptions extends RouteOptions, BodyOptions {
  /** Also accepts requests without a credential; they have no `req.auth`. An invalid credential is still refused. */
  readonly optional?: boolean;
}

/** An Express middleware. */
export type ExpressHandler = (request: ExpressRequest, response: ExpressResponse, next: () => void) => Promise<void>;

/** The middleware that {@link expressAuth} makes. Handlers behind it call `identity(req)`. */
export interface ExpressAuth<User> extends ExpressHandler, IdentityOf<Pick<ExpressRequest, 'originalUrl'>, User> {}

/**
 * Makes a middleware that passes authenticated requests to the next handler and responds to all other requests itself. Handlers get the
 * sender's identity, with the type of your users, from its method `identity`; it is also in `req.auth` and in `res.locals.auth`.
 *
 * A request is authenticated once, even if several middlewares of the same authenticator are in front of it. The later ones only check what
 * they require in addition.
 *
 * @param auth - authenticates the requests
 * @param options - {@link ExpressAuthOptions}
 * @returns a middleware whose promise never rejects. Unless `optional` is set, the handlers after it always have an identity
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { expressAuth } from 'asymmetric-jwt-auth/express';
 * import express from 'express';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * const auth = expressAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
 * const app = express().use('/api', auth);
 * app.get('/api/me', (req, res) => res.json({ email: auth.identity(req).user.email }));
 * ```
 */
export function expressAuth<User>(auth: Authenticator<User>, options: ExpressAuthOptions = {}): ExpressAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', optional: 'boolean', ...BODY_KINDS });
  const { require, optional = false } = options;

  const identities = new Identities<User>(MOUNT);

  const handler: ExpressHandler = async (request, response, next) => {
    const seen = readNodeRequest(request, request.originalUrl, require, options);
    const result = await decide(auth, { ...seen, address: request.ip });
    if (!result.ok && !(optional && result.reason === 'missing')) {
      writeRefusal(response, result);
      return;
    }
    const identity = identities.remember(request, result);
    if (identity !== undefined) {
      request.auth = identity;
      Object.assign(response.locals, { auth: identity });
    }
    next();
  };
  return Object.assign(handler, {
    identity: (request: object) => identities.get(request),
    identityOrUndefined: (request: object) => identities.find(request),
  });
}

const MOUNT = 'mount the middleware from expressAuth() in front of this route, such as app.use("/api", auth)';
