import { createServer } from 'node:http';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import type { AdapterFixture } from 'asymmetric-jwt-auth/testing';
import express5, { type Request, type Response } from 'express';
import express4 from 'express4';
import { describe } from 'vitest';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { serve } from './serve.ts';

describe.each([
  { version: 5, express: express5 },
  { version: 4, express: express4 },
])('on Express $version', ({ express }) => {
  const start: AdapterFixture['start'] = (authenticator) => {
    const [auth, optional] = [expressAuth(authenticator), expressAuth(authenticator, { optional: true })];
    const bound = expressAuth(authenticator, { require: ['htm', 'target'] });
    const respond = (of: typeof auth) => (req: Request, res: Response) =>
      void res.json(bodyOf(of.identityOrUndefined(req)));
    const api = express.Router();
    api.get('/me', auth, (req, res) => void res.json(bodyOf(auth.identity(req))));
    api.get('/optional', optional, respond(optional));
    api.get('/bound', bound, respond(bound));
    api.get('/twice', auth, auth, respond(auth));
    api.get('/optional-then-bound', optional, bound, respond(bound));
    const app = express().use('/api', api);
    app.get('/open', (req, res) => void res.json(messageOf(() => auth.identity(req))));
    return serve(createServer(app));
  };

  describeAdapter('expressAuth', { start });
});
