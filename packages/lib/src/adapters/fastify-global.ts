/**
 * Declares the types of `request.auth` and of the member `auth` of a route's `config` for the whole program. Import it once, next to
 * `asymmetric-jwt-auth/fastify`: `import 'asymmetric-jwt-auth/fastify/global'`. It does nothing at run time.
 */
import type {} from 'fastify';
import type { Identity } from '../server/authenticate.ts';
import type { FastifyRouteAuth } from './fastify.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent the request. `null` if the route is optional and the request has no credential, or if the route is not protected. */
    auth: Identity<unknown> | null;
  }
  interface FastifyContextConfig {
    /** Changes the authentication of this route. */
    auth?: FastifyRouteAuth;
  }
}
