import { createServer } from 'node:http';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { expect, test } from 'vitest';
import { adapterSuite } from './suite.ts';

adapterSuite('nodeAuth', ({ auth, optional, require }) => {
  const { authenticate, reject } = nodeAuth(auth, { require });
  return createServer(async (request, response) => {
    const result = await authenticate(request);
    if (result.ok) response.end(JSON.stringify({ username: result.username, email: result.user.email }));
    else if (optional && result.reason === 'missing') response.end('null');
    else reject(response, result);
  });
});

test('nodeAuth refuses an unknown option by name', () => {
  const notCalled = () => Promise.reject(new Error('not called'));
  const auth = { authenticate: notCalled, readiness: notCalled };
  expect(() => nodeAuth(auth, { requires: ['aud'] } as never)).toThrow(
    new TypeError('option requires: unknown; did you mean require? Use one of require'),
  );
});
