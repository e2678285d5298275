/**
 * Authenticates requests in Express 5 or 4: mount {@link expressAuth} in front of the routes to protect. Import
 * `asymmetric-jwt-auth/express/global` once, to declare the type of `req.auth`.
 */
import type { Authenticator, Identity } from '../server/authenticate.ts';
import { decide } from './decide.ts';
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
export interface ExpressAuthOptions extends RouteOptions {
  /** Also accepts requests without a credential; they have no `req.auth`. An invalid credential is still refused. */
  readonly optional?: boolean;
}

/** An Express middleware. */
export type ExpressHandler = (request: ExpressRequest, response: ExpressResponse, next: () => void) => Promise<void>;

/**
 * Makes a middleware that passes authenticated requests to the next handler and responds to all other requests itself. The sender's
 * identity is in `req.auth` and in `res.locals.auth`.
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
 * import 'asymmetric-jwt-auth/express/global';
 *
 * const auth = createAuthenticator({ keys: memoryKeyStore(), nonces: memoryNonceStore() });
 * const app = express().use('/api', expressAuth(auth));
 * app.get('/api/me', (req, res) => res.json({ user: req.auth.username }));
 * ```
 */
export function expressAuth<User>(auth: Authenticator<User>, options: ExpressAuthOptions = {}): ExpressHandler {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', optional: 'boolean' });
  const { require, optional = false } = options;

  return async (request, response, next) => {
    const seen = readNodeRequest(request, request.originalUrl, require);
    const result = await decide(auth, { ...seen, address: request.ip });
    if (result.ok) {
      const { username, user, key, claims } = result;
      const identity: Identity<User> = { username, user, key, claims };
      request.auth = identity;
      Object.assign(response.locals, { auth: identity });
    } else if (!(optional && result.reason === 'missing')) {
      writeRefusal(response, result);
      return;
    }
    next();
  };
}
