import { node } from '@elysiajs/node';
import { afterFile } from 'ajwt-testkit/after-file';
import { mustRun } from 'ajwt-testkit/run';
import { RUNTIMES } from 'ajwt-testkit/runtimes';
import type { Identity } from 'asymmetric-jwt-auth';
import { elysiaAuth } from 'asymmetric-jwt-auth/elysia';
import { type AdapterUser, adapterContract } from 'asymmetric-jwt-auth/testing';
import { type AnyElysia, Elysia, t } from 'elysia';
import { rolldown } from 'rolldown';
import { beforeEach, expect, expectTypeOf, test } from 'vitest';
import { describeAdapter } from './contract.ts';
import { listenOnNode, makeApp } from './elysia-app.ts';
import { makeGuido } from './guido.ts';

describeAdapter('elysiaAuth on Node', {
  start: (authenticator) => listenOnNode(makeApp(authenticator, { adapter: node() })),
});

describeAdapter('elysiaAuth on Node without compiled handlers', {
  start: (authenticator) => listenOnNode(makeApp(authenticator, { adapter: node(), aot: false })),
});

const bun = RUNTIMES.find(({ name }) => name === 'bun');
test.skipIf(bun === undefined || bun.isMissing)('elysiaAuth meets the contract of adapters on Bun', async () => {
  const [program = ''] = bun?.command ?? [];
  const script = `${import.meta.dirname}/elysia-on-bun.ts`;
  const names = (await mustRun(program, ['--conditions=source', script])).trim().split('\n');
  expect(names).toEqual(adapterContract({ start: () => ({ url: '', close() {} }) }).map(({ name }) => name));
});

let guido: Awaited<ReturnType<typeof makeGuido>>;
beforeEach(async () => {
  guido = await makeGuido();
});

type Fetch = (path: string, init?: RequestInit) => Response | Promise<Response>;

/** Calls an application without a server. */
const withoutServer =
  (app: AnyElysia): Fetch =>
  (path, init) =>
    app.handle(new Request(`http://localhost${path}`, init));

const signed = async (bind?: { htm?: string; target?: string }) => ({ authorization: await guido.sign(bind) });

test('only routes behind the function are protected: not earlier ones, those of other instances, and unknown ones', async () => {
  const auth = elysiaAuth(guido.authenticator);
  const api = new Elysia({ prefix: '/api' })
    .get('/before', () => 'open')
    .derive(auth)
    .get('/after', () => 'protected');
  const send = withoutServer(new Elysia().use(api).get('/other', () => 'open'));
  const statuses = ['/api/before', '/api/after', '/other', '/nothing'].map(async (path) => (await send(path)).status);
  expect(await Promise.all(statuses)).toEqual([200, 401, 200, 404]);
});

test('with the scope of a plugin, the routes of the parent are protected too', async () => {
  const plugin = new Elysia({ name: 'auth' }).derive({ as: 'scoped' }, elysiaAuth(guido.authenticator));
  const send = withoutServer(new Elysia().use(plugin).get('/me', ({ auth }) => auth.user.email));
  expect((await send('/me')).status).toBe(401);
  expect(await (await send('/me', { headers: await signed() })).text()).toBe('guido@example.com');
});

test('derive() refuses a request before its body is validated', async () => {
  const schema = { body: t.Object({ amount: t.Number() }) };
  const app = new Elysia().derive(elysiaAuth(guido.authenticator)).post('/', ({ body }) => body, schema);
  const send = withoutServer(app);
  const post = (body: string, headers: object = {}) =>
    send('/', { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  expect((await post('{"amount":"much"}')).status).toBe(401);
  expect((await post('{"amount":"much"}', await signed())).status).toBe(422);
  expect(await (await post('{"amount":1}', await signed())).json()).toEqual({ amount: 1 });
});

test('onError sees errors of handlers, but no refusals, which keep the headers that were set before', async () => {
  const seen: unknown[] = [];
  const app = new Elysia()
    .onRequest(({ set }) => {
      set.headers['access-control-allow-origin'] = '*';
    })
    .onError(({ code }) => void seen.push(code))
    .derive(elysiaAuth(guido.authenticator))
    .get('/broken', () => {
      throw new Error('from the handler');
    });
  const send = withoutServer(app);
  const refused = await send('/broken');
  expect(refused.status).toBe(401);
  expect(Object.fromEntries(refused.headers)).toMatchObject({
    'access-control-allow-origin': '*',
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
    'www-authenticate': 'JWT realm="api"',
  });
  expect(seen).toEqual([]);
  expect((await send('/broken', { headers: await signed() })).status).toBe(500);
  expect(seen).toEqual(['UNKNOWN']);
});

test('an application in mount() is protected in front of it, because it gets a new request with a shorter path', async () => {
  const auth = elysiaAuth(guido.authenticator, { require: ['target'] });
  const inner = new Elysia().get('/open', () => 'inner').group('', (app) => app.derive(auth).get('/me', () => 'me'));
  const app = new Elysia({ adapter: node() }).derive(auth).mount('/api', (request) => inner.fetch(request));
  const { url, close } = await listenOnNode(app);
  afterFile(close);
  const send = async (path: string, target: string) =>
    (await fetch(url + path, { headers: await signed({ target }) })).status;
  expect((await fetch(`${url}/api/open`)).status).toBe(401);
  expect(await send('/api/open', '/api/open')).toBe(200);
  expect(await send('/api/me', '/api/me')).toBe(401);
  expect(guido.reasons).toEqual(['missing', 'accepted', 'accepted', 'binding_mismatch']);
});

test('the option `address` provides the address of the caller', async () => {
  const address = (request: Request) => request.headers.get('x-real-ip') ?? undefined;
  const send = withoutServer(new Elysia().derive(elysiaAuth(guido.authenticator, { address })).get('/', () => 'ok'));
  await send('/', { headers: { ...(await signed()), 'x-real-ip': '192.0.2.1' } });
  expect(guido.addresses).toEqual(['192.0.2.1']);
});

test('identities are typed by the user of the key store', () => {
  const [auth, optional] = [elysiaAuth(guido.authenticator), elysiaAuth(guido.authenticator, { optional: true })];
  new Elysia()
    .macro({ member: { resolve: auth } })
    .get('/macro', ({ auth: sender }) => expectTypeOf(sender).toEqualTypeOf<Identity<AdapterUser>>(), { member: true })
    .group('/strict', (app) =>
      app.derive(auth).get('', ({ auth: sender, request }) => {
        expectTypeOf(sender).toEqualTypeOf<Identity<AdapterUser>>();
        expectTypeOf(auth.identity(request)).toEqualTypeOf<Identity<AdapterUser>>();
      }),
    )
    .resolve(optional)
    .get('/', ({ auth: sender }) => expectTypeOf(sender).toEqualTypeOf<Identity<AdapterUser> | undefined>());
});

test('a wrong option is refused when the server starts', () => {
  const make = (options: object) => () => elysiaAuth(guido.authenticator, options);
  expect(make({ optionl: true })).toThrow(/option optionl: unknown; did you mean optional\?/);
  expect(make({ address: '127.0.0.1' })).toThrow(/option address: must be a function/);
  expect(make({ body: 'streams' })).toThrow(/option body: must be 'buffer' or 'stream'/);
  expect(() => elysiaAuth({} as never)).toThrow(/createAuthenticator/);
});

test('a build without async functions is refused when the server starts, because Elysia would let all requests pass', async () => {
  const bundle = await rolldown({
    input: 'packages/lib/src/adapters/elysia.ts',
    resolve: { conditionNames: ['source'] },
    platform: 'node',
    transform: { target: 'es2016' },
  });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false } as object);
  const built = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
  expect(() => built.elysiaAuth(guido.authenticator)).toThrow(/ES2017/);
});
