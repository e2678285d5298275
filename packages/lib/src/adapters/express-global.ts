/**
 * Declares the type of `req.auth` for the whole program. Import it once, next to `asymmetric-jwt-auth/express`:
 * `import 'asymmetric-jwt-auth/express/global'`. It does nothing at run time.
 */
import type { Identity } from '../server/authenticate.ts';

declare global {
  namespace Express {
    interface Request {
      /** Who sent the request, set by `expressAuth`. Absent if the route is optional and the request has no credential. */
      auth: Identity<unknown>;
    }
  }
}
