/** The tests run applications that SvelteKit built, with its adapter for Node. */
import { globSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import type { RequestEvent } from '@sveltejs/kit';
import { scratch } from 'ajwt-testkit/scratch';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import { type SvelteKitAuthOptions, sveltekitAuth } from 'asymmetric-jwt-auth/sveltekit';
import { type AdapterFixture, type AdapterServer, type BodyFixture, bodyContract } from 'asymmetric-jwt-auth/testing';
import express from 'express';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bodyOf, describeAdapter, echo, messageOf } from './contract.ts';
import { documentedApp, typeCheck } from './documented-app.ts';
import { makeGuido } from './guido.ts';
import { serve } from './serve.ts';
import { buildSvelteKit, ENDPOINT, type SvelteKitApp, svelteKitHandler } from './sveltekit-app.ts';
import { describeTargets } from './targets.ts';

const ROUTES = [
  'api/me',
  'api/optional',
  'api/bound',
  'api/twice',
  'api/optional-then-bound',
  'api/echo',
  'open',
  'outer',
  'api/any/[...path]',
];
const REMOTE = `
  import { query } from '$app/server';
  export const secret = query(() => 'the secret');
`;
let folder: string;
let handler: RequestListener;

beforeAll(async () => {
  const endpoints = ROUTES.map((route) => [`src/routes/${route}/+server.ts`, ENDPOINT] as const);
  folder = await buildSvelteKit({
    ...Object.fromEntries(endpoints),
    'src/routes/secret.remote.ts': REMOTE,
    'src/routes/page/+page.svelte':
      '<script>import { secret } from "../secret.remote"</script><button onclick={() => secret()}>ask</button>',
  });
  handler = await svelteKitHandler(folder);
});

const start: AdapterFixture['start'] = (authenticator) => {
  const auth = sveltekitAuth(authenticator, {
    route: ({ route }) => {
      if (route.id === '/open') return false;
      return route.id === '/api/optional' ? { optional: true } : undefined;
    },
  });
  const optional = sveltekitAuth(authenticator, { optional: true });
  const bound = sveltekitAuth(authenticator, { require: ['htm', 'target'] });
  const of = ({ route }: RequestEvent) => {
    if (route.id === '/api/bound') return [bound];
    if (route.id === '/api/twice') return [auth, auth];
    return route.id === '/api/optional-then-bound' ? [optional, bound] : [auth];
  };
  globalThis.svelteKitApp = {
    hooks: of,
    respond: (event) =>
      event.route.id === '/open'
        ? messageOf(() => auth.identity(event))
        : bodyOf(of(event).at(-1)?.identityOrUndefined(event)),
  };
  return serve(createServer(handler));
};

describeAdapter('sveltekitAuth', { start });

describeTargets('sveltekitAuth', {
  start(authenticator) {
    const auth = sveltekitAuth(authenticator, { require: ['htm', 'target'] });
    globalThis.svelteKitApp = { hooks: () => [auth], respond: () => 'ok' };
    return serve(createServer(handler));
  },
});

const startEcho: BodyFixture['start'] = (authenticator, options) => {
  const auth = sveltekitAuth(authenticator, options);
  globalThis.svelteKitApp = { hooks: () => [auth], respond: (event) => echo(event.request, auth.identity(event)) };
  return serve(createServer(handler));
};
describe('sveltekitAuth meets the contract of bodies: it', () => {
  for (const { name, run } of bodyContract({ start: startEcho })) test(name, run);
});

describe('sveltekitAuth', () => {
  let guido: Awaited<ReturnType<typeof makeGuido>>;
  let server: AdapterServer | undefined;
  beforeEach(async () => {
    guido = await makeGuido();
  });
  afterEach(() => server?.close());

  /** Starts the application. @returns a function that sends requests to it */
  async function run(app: Partial<SvelteKitApp>, options: SvelteKitAuthOptions = {}, listener = handler) {
    const auth = sveltekitAuth(guido.authenticator, options);
    globalThis.svelteKitApp = {
      hooks: () => [auth],
      respond: (event) => auth.identityOrUndefined(event)?.username ?? 'nobody',
      ...app,
    };
    server = await serve(createServer(listener));
    const { url } = server;
    return async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(url + path, { headers });
      return { status: response.status, body: await response.text() };
    };
  }

  test('sets event.locals.auth, and only after authentication', async () => {
    const respond = ({ locals }: RequestEvent) => Object.keys(locals);
    const send = await run({ respond }, { route: ({ route }) => (route.id === '/open' ? false : undefined) });
    const authorization = await guido.sign();
    expect(await send('/api/me', { authorization })).toEqual({ status: 200, body: '["auth"]' });
    expect(await send('/open', { authorization })).toEqual({ status: 200, body: '[]' });
    expect(guido.reasons).toEqual(['accepted']);
  });

  test('protects paths that do not exist', async () => {
    const send = await run({});
    expect((await send('/nowhere')).status).toBe(401);
    expect((await send('/nowhere', { authorization: await guido.sign() })).status).toBe(404);
  });

  test('authenticates a request of event.fetch as a new request, to which the token of the outer one is a replay', async () => {
    const respond = async ({ route, fetch }: RequestEvent) =>
      route.id === '/outer' ? (await fetch('/api/me')).status : 'inner';
    const send = await run({ respond });
    expect(await send('/outer', { authorization: await guido.sign() })).toEqual({ status: 200, body: '401' });
    expect(guido.reasons).toEqual(['accepted', 'replayed']);
  });

  test('compares a binding with the target of a request of event.fetch, not with that of the outer request', async () => {
    const inner = await guido.sign({ target: '/outer' });
    const respond = async ({ route, fetch }: RequestEvent) =>
      route.id === '/outer' ? (await fetch('/api/me', { headers: { authorization: inner } })).status : 'inner';
    const send = await run({ respond }, { require: ['target'] });
    expect((await send('/outer', { authorization: await guido.sign({ target: '/outer' }) })).body).toBe('401');
    expect(guido.reasons).toEqual(['accepted', 'binding_mismatch']);
  });

  test('sees no credential in a request of event.fetch if handleFetch omits credentials', async () => {
    const respond = async ({ route, fetch }: RequestEvent) =>
      route.id === '/outer' ? (await fetch('/api/optional')).json() : event(route.id);
    const event = (id: string | null) => `inner ${id}`;
    const send = await run(
      { respond, handleFetch: ({ request, fetch }) => fetch(new Request(request, { credentials: 'omit' })) },
      { route: ({ route }) => (route.id === '/api/optional' ? { optional: true } : undefined) },
    );
    expect((await send('/outer', { authorization: await guido.sign() })).body).toBe('"inner /api/optional"');
    expect(guido.reasons).toEqual(['accepted', 'missing']);
  });

  test('protects remote functions, although their callers choose the route', async () => {
    const output = globSync('build/server/**/*.js', { cwd: folder }).map((file) =>
      readFileSync(join(folder, file), 'utf8'),
    );
    const hash = output
      .map((text) => /remotes: \{\s*['"]?(\w+)['"]?:/.exec(text)?.[1])
      .find((one) => one !== undefined);
    const send = await run(
      { respond: () => 'open' },
      { route: ({ route }) => (route.id === '/open' ? false : undefined) },
    );
    const path = `/_app/remote/${hash}/secret`;
    const forged = { 'x-sveltekit-pathname': '/open' };
    expect((await send('/open')).status).toBe(200);
    expect((await send(path)).status).toBe(401);
    expect((await send(path, forged)).status).toBe(401);
    const { status, body } = await send(path, { ...forged, authorization: await guido.sign() });
    expect([status, body]).toEqual([200, expect.stringContaining('the secret')]);
  });

  test('refuses a wrong mode of a route, which stays closed', async () => {
    const send = await run({}, { route: () => ({ optinal: true }) as never });
    expect((await send('/api/me', { authorization: await guido.sign() })).status).toBe(500);
    const event = { route: { id: '/api/me' }, isSubRequest: false } as never;
    const auth = sveltekitAuth(guido.authenticator, { route: () => ({ optinal: true }) as never });
    await expect(auth({ event, resolve: () => new Response() })).rejects.toThrow(
      /^route \/api\/me: the option route must be false, or an object that may have require, optional: option optinal/,
    );
  });

  test('authenticates a request once behind an adapter for Express', async () => {
    const app = express().use(expressAuth(guido.authenticator)).use('/api', handler);
    const send = await run({}, {}, app);
    expect(await send('/api/open', { authorization: await guido.sign() })).toEqual({ status: 200, body: '"guido"' });
    expect(guido.reasons).toEqual(['accepted']);
  });

  test('compares a binding with the whole path if Express mounts the application', async () => {
    const send = await run({}, { require: ['target'] }, express().use('/api', handler));
    const sent = async (target: string) => send('/api/open?x', { authorization: await guido.sign({ target }) });
    expect(await sent('/api/open?x')).toEqual({ status: 200, body: '"guido"' });
    expect((await sent('/open?x')).status).toBe(401);
    expect(guido.reasons).toEqual(['accepted', 'binding_mismatch']);
  });
});

describe('the application in FRAMEWORKS.md', () => {
  const file = scratch();
  const endpoint = (body: string) => `
    import type { RequestEvent } from '@sveltejs/kit';
    import { auth } from '../../auth.ts';
    export const GET = async (event: RequestEvent) => new Response(${body});
  `;
  const OTHERS = {
    'src/routes/hello/+server.ts': endpoint(`'hello ' + (event.locals.auth?.username ?? 'stranger')`),
    'src/routes/sum/+server.ts': endpoint(
      `(await (await event.fetch('/hello')).text()) + auth.identity(event).username`,
    ),
    'src/routes/about/+page.svelte': '<p>about us</p>',
    'src/routes/about/+page.ts': 'export const prerender = true;',
  };

  test('compiles, and serves the routes as described', async () => {
    const { files, api } = await documentedApp('SvelteKit', file('sveltekit.pem'));
    const folder = await buildSvelteKit({ ...files, ...OTHERS });
    await typeCheck(folder);
    const { url, close } = await serve(createServer(await svelteKitHandler(folder)));
    try {
      expect(await (await api(`${url}/api/me`)).json()).toBe('guido@example.com');
      expect((await fetch(`${url}/api/me`)).status).toBe(401);
      expect(await (await fetch(`${url}/hello`)).text()).toBe('hello stranger');
      expect(await (await api(`${url}/sum`)).text()).toBe('hello strangerguido');
      expect(await (await fetch(`${url}/about`)).text()).toContain('about us');
      expect((await api(`${url}/api/orders`)).status).toBe(404);
    } finally {
      await close();
    }
  });

  test('is not built if a prerendered page is protected', async () => {
    const { files } = await documentedApp('SvelteKit', file('protected.pem'));
    const auth = files['src/auth.ts']?.replace(`'/about'`, `'/health'`) as string;
    await expect(buildSvelteKit({ ...files, ...OTHERS, 'src/auth.ts': auth })).rejects.toThrow(
      `Failed to prerender \`/about\``,
    );
  });
});
