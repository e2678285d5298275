/** A request is authenticated once, even if several adapters, routers and direct calls handle it. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { listen } from 'ajwt-testkit/listen';
import { type AuthenticationEvent, type Authenticator, createAuthenticator } from 'asymmetric-jwt-auth';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import { nodeAuth, readNodeRequest } from 'asymmetric-jwt-auth/node';
import { webAuth } from 'asymmetric-jwt-auth/web';
import express from 'express';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import { memoryKeyStore, memoryNonceStore, type NonceStore, PrivateKey } from '../../src/index.ts';

let key: PrivateKey;
let auth: Authenticator<{ email: string }>;
let nonces: NonceStore;
let claims: number;
let events: AuthenticationEvent[];
const servers: Server[] = [];

beforeAll(async () => {
  key = await PrivateKey.generate();
});

beforeEach(() => {
  claims = 0;
  events = [];
  const memory = memoryNonceStore();
  nonces = {
    ...memory,
    claim(claim, now) {
      claims += 1;
      return memory.claim(claim, now);
    },
  };
  auth = makeAuthenticator();
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function makeAuthenticator(): Authenticator<{ email: string }> {
  const keys = memoryKeyStore<{ email: string }>();
  keys.setUser('guido', { user: { email: 'guido@example.com' } });
  keys.addKey('guido', key.publicKey);
  return createAuthenticator({ keys, nonces, onResult: (event) => void events.push(event) });
}

const sign = (bind?: { htm?: string; target?: string }) =>
  createAuthorization({ username: 'guido', key, ...(bind && { bind }) });

/** Sends a request for `/api/me` to a server with this listener. */
async function send(listener: RequestListener, authorization?: string): Promise<{ status: number; body: unknown }> {
  const server = createServer(listener);
  servers.push(server);
  const url = await listen(server);
  const response = await fetch(`${url}/api/me`, { headers: authorization === undefined ? {} : { authorization } });
  return { status: response.status, body: await response.json() };
}

const ACCEPTED = { status: 200, body: { email: 'guido@example.com' } };

describe('Express', () => {
  test('a middleware that is mounted on the application and on a router claims the nonce once', async () => {
    const guard = expressAuth(auth);
    const router = express.Router().use(guard);
    router.get('/me', guard, (req, res) => res.json({ email: guard.identity(req).user.email }));
    const app = express().use(guard).use('/api', router);
    expect(await send(app, await sign())).toEqual(ACCEPTED);
    expect(claims).toBe(1);
    expect(events.map(({ reason }) => reason)).toEqual(['accepted']);
  });

  test('a strict middleware behind an optional one refuses a request without a credential', async () => {
    const [optional, strict] = [expressAuth(auth, { optional: true }), expressAuth(auth)];
    const app = express().use(optional);
    app.get('/api/me', strict, (req, res) => res.json({ email: strict.identity(req).user.email }));
    expect(await send(app)).toMatchObject({ status: 401, body: { detail: expect.stringContaining('No token') } });
    expect(await send(app, await sign())).toEqual(ACCEPTED);
  });

  test('an optional route has no identity for a request without a credential', async () => {
    const optional = expressAuth(auth, { optional: true });
    const app = express().use(optional, (req, res) => {
      const anonymous = req.headers.authorization === undefined;
      if (anonymous) expect(() => optional.identity(req)).toThrow(/no credential; call identityOrUndefined\(\)/);
      res.json({ email: optional.identityOrUndefined(req)?.user.email ?? null });
    });
    expect(await send(app)).toEqual({ status: 200, body: { email: null } });
    expect(await send(app, await sign())).toEqual(ACCEPTED);
  });

  test('a later middleware checks what it requires in addition', async () => {
    const [loose, strict] = [expressAuth(auth), expressAuth(auth, { require: ['htm', 'target'] })];
    const app = express().use(loose);
    app.use('/api', strict, (req, res) => res.json({ email: strict.identity(req).user.email }));
    expect(await send(app, await sign())).toMatchObject({ status: 401, body: { error: 'binding_required' } });
    expect(events.map(({ reason, verified }) => ({ reason, verified }))).toEqual([
      { reason: 'accepted', verified: true },
      { reason: 'binding_required', verified: true },
    ]);
    expect(await send(app, await sign({ htm: 'GET', target: '/api/me' }))).toEqual(ACCEPTED);
    expect(claims).toBe(2);
  });

  test('a binding is compared with the request before a middleware rewrote it', async () => {
    const [first, second] = [expressAuth(auth), expressAuth(auth, { require: ['htm', 'target'] })];
    const app = express().use(first, (req, _res, next) => {
      req.method = 'DELETE';
      req.url = req.originalUrl = '/admin/users';
      next();
    });
    app.use('/admin', second, (req, res) => res.json({ email: second.identity(req).user.email }));
    expect(await send(app, await sign({ htm: 'GET', target: '/api/me' }))).toEqual(ACCEPTED);
    expect(await send(app, await sign({ htm: 'DELETE', target: '/admin/users' }))).toMatchObject({
      body: { error: 'binding_mismatch' },
    });
  });

  test('the handler may call authenticate() for the same request again', async () => {
    const app = express().use(expressAuth(auth), async (req, res) => {
      const result = await auth.authenticate(readNodeRequest(req, req.originalUrl, []));
      res.status(result.ok ? 200 : result.status).json({ email: result.ok && result.user.email });
    });
    expect(await send(app, await sign())).toEqual(ACCEPTED);
  });

  test('identity() of a route that no middleware protects says what to mount', async () => {
    const guard = expressAuth(auth);
    const app = express().use((req, res) => {
      expect(() => guard.identity(req)).toThrow(/was not authenticated; mount the middleware from expressAuth\(\)/);
      expect(() => guard.identityOrUndefined(req)).toThrow(/was not authenticated/);
      res.json({});
    });
    expect((await send(app, await sign())).status).toBe(200);
  });

  test('identity() of a strict middleware does not return an identity that only a less strict one accepted', async () => {
    const [loose, strict] = [expressAuth(auth), expressAuth(auth, { require: ['target'] })];
    const app = express().use(loose, (req, res) => {
      expect(() => strict.identity(req)).toThrow(/was not authenticated/);
      res.json({ email: loose.identity(req).user.email });
    });
    expect(await send(app, await sign())).toEqual(ACCEPTED);
  });

  test('two authenticators do not share decisions', async () => {
    const app = express().use(expressAuth(auth), expressAuth(makeAuthenticator()), (_req, res) => res.json({}));
    expect(await send(app, await sign())).toMatchObject({ status: 401, body: { error: 'replayed' } });
  });
});

describe('several calls for one request', () => {
  const requestWith = (authorization: string) => ({
    method: 'GET',
    url: '/api/me',
    rawHeaders: ['Authorization', authorization],
  });

  test('concurrent calls claim the nonce once and get the same decision', async () => {
    const request = requestWith(await sign());
    const adapter = nodeAuth(auth);
    const results = await Promise.all([1, 2, 3, 4].map(() => adapter.authenticate(request)));
    expect(new Set(results).size).toBe(1);
    expect(results[0]?.ok).toBe(true);
    expect(claims).toBe(1);
    expect(adapter.identity(request).user.email).toBe('guido@example.com');
  });

  test('calls through different adapters of one authenticator get the same decision', async () => {
    const request = requestWith(await sign());
    const direct = auth.authenticate(readNodeRequest(request, '/api/me', []));
    const [first, second] = await Promise.all([direct, nodeAuth(auth).authenticate(request)]);
    expect(second).toBe(first);
  });

  test('after a refusal, later calls get the same refusal, and it is not reported again', async () => {
    const authorization = await sign();
    await auth.authenticate({ authorization });
    const request = requestWith(authorization);
    const adapter = nodeAuth(auth);
    const first = await adapter.authenticate(request);
    expect(first).toMatchObject({ ok: false, reason: 'replayed' });
    expect(await adapter.authenticate(request)).toBe(first);
    expect(events.map(({ reason }) => reason)).toEqual(['accepted', 'replayed']);
    expect(() => adapter.identity(request)).toThrow(/was not authenticated/);
  });

  test.each([
    ['another credential', (other: string) => [other]],
    ['a second credential', (other: string, same: string) => [same, other]],
    ['no credential', () => []],
  ])('a request that has %s in the second call is refused', async (_what, change) => {
    const [authorization, other] = [await sign(), await sign()];
    const request = requestWith(authorization);
    const adapter = nodeAuth(auth);
    expect((await adapter.authenticate(request)).ok).toBe(true);
    const rawHeaders = change(other, authorization).flatMap((value) => ['Authorization', value]);
    const second = await auth.authenticate({ ...readNodeRequest({ ...request, rawHeaders }, '/', []), request });
    expect(second).toMatchObject({ ok: false, status: 401, reason: 'malformed' });
    expect(events.at(-1)).toMatchObject({ reason: 'malformed', detail: 'header_changed' });
    expect((await auth.authenticate({ authorization: other })).ok, 'the other token is unused').toBe(true);
  });

  test('if a later call finds something malformed, the request is refused', async () => {
    const request = requestWith(await sign());
    const seen = readNodeRequest(request, '/', []);
    expect((await auth.authenticate(seen)).ok).toBe(true);
    const again = await auth.authenticate({ ...seen, malformed: 'identity_header' });
    expect(again).toMatchObject({ ok: false, reason: 'malformed' });
  });

  test('without an object, a second call with the token is a replay', async () => {
    const authorization = await sign();
    expect((await auth.authenticate({ authorization })).ok).toBe(true);
    expect(await auth.authenticate({ authorization })).toMatchObject({ ok: false, reason: 'replayed' });
  });

  test.each([null, 'x', 1, Symbol('x')])('a value that is not an object (%s) is ignored', async (request) => {
    const authorization = await sign();
    const asked = { authorization, request: request as unknown as object };
    expect((await auth.authenticate(asked)).ok).toBe(true);
    expect(await auth.authenticate(asked)).toMatchObject({ ok: false, reason: 'replayed' });
  });

  test('a copy of a Request is a new request', async () => {
    const web = webAuth(auth);
    const request = new Request('https://api.example.com/me', { headers: { authorization: await sign() } });
    expect((await web.authenticate(request)).ok).toBe(true);
    expect((await web.authenticate(request)).ok).toBe(true);
    expect(web.identity(request).username).toBe('guido');
    expect(await web.authenticate(request.clone())).toMatchObject({ ok: false, reason: 'replayed' });
    expect(() => web.identity(request.clone())).toThrow(/was not authenticated; wrap the handler with protect\(\)/);
  });

  test('if a hook throws in a later call, that call is refused, and the first one is not affected', async () => {
    let isBroken = false;
    const keys = memoryKeyStore();
    keys.addKey('guido', key.publicKey);
    const broken = createAuthenticator({
      keys,
      nonces,
      onResult() {
        if (isBroken) throw new Error('the log is full');
      },
    });
    const seen = readNodeRequest(requestWith(await sign()), '/', []);
    expect((await broken.authenticate(seen)).ok).toBe(true);
    isBroken = true;
    expect(await broken.authenticate({ ...seen, require: ['target'] })).toMatchObject({ ok: false, status: 503 });
    expect((await broken.authenticate(seen)).ok).toBe(true);
  });
});
