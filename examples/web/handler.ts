import { webAuth } from 'asymmetric-jwt-auth/web';
import { authenticator } from './authenticator.ts';

const { protect } = webAuth(authenticator);

/** Handles requests on every platform that has `Request` and `Response`: Deno, Bun, Workers and Node. */
export const handler = protect((request, identity) => {
  if (new URL(request.url).pathname !== '/api/me') return new Response(null, { status: 404 });
  return Response.json({ email: identity.user.email });
});
