import { createServer } from 'node:http';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import type { AdapterFixture } from 'asymmetric-jwt-auth/testing';
import { expect, test } from 'vitest';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { serve } from './serve.ts';

const start: AdapterFixture['start'] = (authenticator) => {
  const auth = nodeAuth(authenticator);
  const bound = nodeAuth(authenticator, { require: ['htm', 'target'] });
  /** The adapters in front of each path. */
  const guards: Readonly<Record<string, readonly (typeof auth)[]>> = {
    '/api/me': [auth],
    '/api/optional': [auth],
    '/api/bound': [bound],
    '/api/twice': [auth, auth],
    '/api/optional-then-bound': [auth, bound],
  };
  return serve(
    createServer(async (request, response) => {
      const path = request.url?.replace(/\?.*/, '') ?? '';
      let last = auth;
      for (const guard of guards[path] ?? []) {
        last = guard;
        const result = await guard.authenticate(request);
        const isOptional = path.startsWith('/api/optional') && guard === auth;
        if (!result.ok && !(isOptional && result.reason === 'missing')) return guard.reject(response, result);
      }
      const body =
        path === '/open' ? messageOf(() => auth.identity(request)) : bodyOf(last.identityOrUndefined(request));
      response.end(JSON.stringify(body));
    }),
  );
};

describeAdapter('nodeAuth', { start });

test('nodeAuth refuses an unknown option by name', () => {
  const notCalled = () => Promise.reject(new Error('not called'));
  const auth = { authenticate: notCalled, readiness: notCalled };
  expect(() => nodeAuth(auth, { requires: ['aud'] } as never)).toThrow(
    new TypeError('option requires: unknown; did you mean require? Use one of require, body, maxBodyBytes'),
  );
});
