import type { Identity } from 'asymmetric-jwt-auth';
import { webAuth } from 'asymmetric-jwt-auth/web';
import { createContext, type MiddlewareFunction } from 'react-router';
import { authenticator } from './authenticator.server';

const auth = webAuth(authenticator);

/** Who sent the request, for loaders and actions of the routes below the middleware. */
export const callerContext = createContext<Identity<{ email: string }>>();

export const authMiddleware: MiddlewareFunction<Response> = async ({ request, context }, next) => {
  const result = await auth.authenticate(request);
  if (!result.ok) return auth.reject(result);
  context.set(callerContext, result);
  return next();
};
