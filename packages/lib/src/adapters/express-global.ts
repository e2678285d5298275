/** Types `req.auth` for the whole program: `import 'asymmetric-jwt-auth/express/global'`. At run time it does nothing. */
import type { Identity } from '../server/authenticate.ts';

declare global {
  namespace Express {
    interface Request {
      /** Who sent the request; set by `expressAuth`, and absent where it let a request without a credential through. */
      auth: Identity<unknown>;
    }
  }
}
