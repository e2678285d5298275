/** Express 5 (and 4). For the type of `req.auth`, import `asymmetric-jwt-auth/express/global` once. */
import type { Authenticator, Identity } from '../server/authenticate.ts';
import {
  checkAuthenticator,
  checkRouteOptions,
  type NodeRequest,
  type NodeResponse,
  type RouteOptions,
  readNodeRequest,
  writeRefusal,
} from './node.ts';

/** What is needed of an Express request. */
export interface ExpressRequest extends NodeRequest {
  /** The raw request-target; `url` lacks the part that routers have stripped. */
  readonly originalUrl: string;
  /** The caller's address, as the setting `trust proxy` has it. */
  readonly ip?: string | undefined;
  auth?: unknown;
}

/** What is needed of an Express response. */
export interface ExpressResponse extends NodeResponse {
  locals: object;
}

/** What an Express route is told. */
export interface ExpressAuthOptions extends RouteOptions {
  /** Lets requests without a credential through, without `req.auth`; an invalid credential is refused all the same. */
  readonly optional?: boolean;
}

/** An Express middleware. */
export type ExpressHandler = (request: ExpressRequest, response: ExpressResponse, next: () => void) => Promise<void>;

/**
 * Makes a middleware that lets authenticated requests through, with who sent them in `req.auth` and `res.locals.auth`, and
 * answers all others itself.
 *
 * @param auth - decides about the requests
 * @param options - {@link ExpressAuthOptions}
 * @returns a middleware that never rejects by itself; without `optional`, who comes behind it has an identity
 * @throws TypeError for an option that is unknown or of another kind, and for a member in `require` that cannot be required here
 */
export function expressAuth<User>(auth: Authenticator<User>, options: ExpressAuthOptions = {}): ExpressHandler {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', optional: 'boolean' });
  const { require, optional = false } = options;

  return async (request, response, next) => {
    const seen = readNodeRequest(request, request.originalUrl, require);
    const result = await auth.authenticate({ ...seen, address: request.ip });
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
