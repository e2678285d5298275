import 'asymmetric-jwt-auth/express/global';
import { createServer } from 'node:http';
import type { Identity } from 'asymmetric-jwt-auth';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import express from 'express';
import { expect } from 'vitest';
import { adapterSuite } from './suite.ts';

adapterSuite('expressAuth', ({ auth, optional, require }) => {
  const app = express();
  const router = express.Router();
  router.get('/me', (request, response) => {
    const identity = request.auth as Identity<{ email: string }> | undefined;
    expect(response.locals.auth).toBe(identity);
    response.json(identity === undefined ? null : { username: identity.username, email: identity.user.email });
  });
  // Express rewrites `url` for a mounted router, but the token is bound to the whole target.
  app.use('/mounted', expressAuth(auth, { optional, require }), router);
  return createServer(app);
});
