/** The tests run applications that Astro built, with its adapter for Node. */

import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { FRAMEWORK_TOOLS } from 'ajwt-testkit/pinned-tools';
import { scratch } from 'ajwt-testkit/scratch';
import { type AstroAuthOptions, astroAuth } from 'asymmetric-jwt-auth/astro';
import { type AdapterFixture, type AdapterServer, type BodyFixture, bodyContract } from 'asymmetric-jwt-auth/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AstroApp, astroHandler, astroServer, buildAstro, type Context, ENDPOINT } from './astro-app.ts';
import { bodyOf, describeAdapter, echo, messageOf } from './contract.ts';
import { documentedApp, typeCheck } from './documented-app.ts';
import { makeGuido } from './guido.ts';
import { serve } from './serve.ts';
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
const ACTIONS = `
  import { defineAction } from 'astro:actions';
  export const server = { secret: defineAction({ accept: 'form', handler: () => 'the secret' }) };
`;
const { areMissing, note } = FRAMEWORK_TOOLS;

describe.skipIf(areMissing)(`astroAuth${note}`, () => {
  let handler: RequestListener;
  beforeAll(async () => {
    const endpoints = ROUTES.map((route) => [`src/pages/${route}.ts`, ENDPOINT] as const);
    const pages = {
      'src/pages/page.astro': '<p>{Astro.locals.auth?.username}</p>',
      'src/pages/500.astro': '<p>it failed</p>',
      'src/actions/index.ts': ACTIONS,
    };
    handler = await astroHandler(await buildAstro({ ...Object.fromEntries(endpoints), ...pages }));
  });

  const start: AdapterFixture['start'] = (authenticator) => {
    const auth = astroAuth(authenticator, {
      route: ({ routePattern }) => {
        if (routePattern === '/open') return false;
        return routePattern === '/api/optional' ? { optional: true } : undefined;
      },
    });
    const optional = astroAuth(authenticator, { optional: true });
    const bound = astroAuth(authenticator, { require: ['htm', 'target'] });
    const of = ({ routePattern }: Context) => {
      if (routePattern === '/api/bound') return [bound];
      if (routePattern === '/api/twice') return [auth, auth];
      return routePattern === '/api/optional-then-bound' ? [optional, bound] : [auth];
    };
    globalThis.astroApp = {
      middleware: of,
      respond: (context) =>
        context.routePattern === '/open'
          ? messageOf(() => auth.identity(context))
          : bodyOf(of(context).at(-1)?.identityOrUndefined(context)),
    };
    return serve(astroServer(handler));
  };

  describeAdapter('astroAuth', { start });

  const startEcho: BodyFixture['start'] = (authenticator, options) => {
    const auth = astroAuth(authenticator, options);
    globalThis.astroApp = {
      middleware: () => [auth],
      respond: (context) => echo(context.request, auth.identity(context)),
    };
    return serve(astroServer(handler));
  };
  describe('meets the contract of bodies: it', () => {
    for (const { name, run } of bodyContract({ start: startEcho })) test(name, run);
  });

  describeTargets('astroAuth', {
    start(authenticator) {
      const auth = astroAuth(authenticator, { require: ['htm', 'target'] });
      globalThis.astroApp = { middleware: () => [auth], respond: () => 'ok' };
      return serve(astroServer(handler));
    },
    seesOnlyUrls: 'Astro only has a URL',
  });

  let guido: Awaited<ReturnType<typeof makeGuido>>;
  let server: AdapterServer | undefined;
  beforeEach(async () => {
    guido = await makeGuido();
  });
  afterEach(() => server?.close());

  /** Starts the application. @returns a function that sends requests to it */
  async function run(app: Partial<AstroApp>, options: AstroAuthOptions = {}) {
    const auth = astroAuth(guido.authenticator, options);
    globalThis.astroApp = {
      middleware: () => [auth],
      respond: (context) => auth.identityOrUndefined(context)?.username ?? 'nobody',
      ...app,
    };
    server = await serve(createServer(handler));
    const { url } = server;
    const send = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(url + path, init);
      return { status: response.status, body: await response.text() };
    };
    const signed = async (path: string, bind?: { target: string }) =>
      send(path, { headers: { authorization: await guido.sign(bind) } });
    return { auth, url, send, signed };
  }
  const opens: AstroAuthOptions = { route: ({ routePattern }) => (routePattern === '/open' ? false : undefined) };

  test('sets context.locals.auth, and only after authentication', async () => {
    const { signed } = await run({ respond: ({ locals }) => Object.keys(locals) }, opens);
    expect(await signed('/api/me')).toEqual({ status: 200, body: '["auth"]' });
    expect(await signed('/open')).toEqual({ status: 200, body: '[]' });
    expect((await signed('/page')).body).toContain('<p>guido</p>');
    expect(guido.reasons).toEqual(['accepted', 'accepted']);
  });

  test('authenticates a request once, although a rewrite runs the middleware again', async () => {
    const { auth, signed } = await run({
      respond: (context) =>
        context.routePattern === '/outer' ? context.rewrite('/api/me') : auth.identity(context).username,
    });
    expect(await signed('/outer')).toEqual({ status: 200, body: '"guido"' });
    expect(guido.reasons).toEqual(['accepted']);
  });

  test('keeps the identity if a later middleware rewrites the request', async () => {
    const { auth, signed } = await run({ middleware: () => [auth, (_context, next) => next('/api/me')] });
    expect(await signed('/outer')).toEqual({ status: 200, body: '"guido"' });
    expect(guido.reasons).toEqual(['accepted']);
  });

  test('compares a binding with the request as sent, also after a rewrite from an open route', async () => {
    const { auth, signed } = await run(
      {
        respond: (context) =>
          context.routePattern === '/open' ? context.rewrite('/api/me') : auth.identity(context).username,
      },
      opens,
    );
    expect((await signed('/open', { target: '/api/me' })).status).toBe(401);
    expect(await signed('/open', { target: '/open' })).toEqual({ status: 200, body: '"guido"' });
    expect(guido.reasons).toEqual(['binding_mismatch', 'accepted']);
  });

  test('lets Astro render its error page for an authenticated request', async () => {
    const { signed, send } = await run({ respond: () => Promise.reject(new Error('the handler failed')) });
    expect(await signed('/api/me')).toEqual({ status: 500, body: expect.stringContaining('it failed') });
    expect(guido.reasons).toEqual(['accepted']);
    expect((await send('/api/me')).status).toBe(401);
  });

  test('protects actions that a form sends to an open page, unless the pattern of actions is open', async () => {
    const PATTERN = '/_actions/[...path]';
    let open = ['/open'];
    const { url, send } = await run(
      { respond: () => 'open' },
      { route: ({ routePattern }) => (open.includes(routePattern) ? false : undefined) },
    );
    const post = async (path: string, headers: Record<string, string> = {}) =>
      send(path, { method: 'POST', headers: { origin: url, ...headers }, body: new URLSearchParams() });
    expect(await post('/open')).toEqual({ status: 200, body: '"open"' });
    expect((await post('/open?_action=secret')).status).toBe(401);
    expect((await post('/_actions/secret')).status).toBe(401);
    const { status, body } = await post('/_actions/secret', { authorization: await guido.sign() });
    expect([status, body]).toEqual([200, expect.stringContaining('the secret')]);
    open = ['/open', PATTERN];
    expect((await post('/_actions/secret')).body).toContain('the secret');
    expect((await post('/open?_action=secret')).status).toBe(401);
  });

  test('without joinDuplicateHeaders, Node drops the second of two Authorization headers, and the first one counts', async () => {
    const { url, auth } = await run({});
    expect(auth).toBeTypeOf('function');
    const [one, other] = [await guido.sign(), await guido.sign()];
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      const headers = ['Authorization', one, 'Authorization', other, 'Host', new URL(url).host];
      request(`${url}/api/me`, { headers }, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(status).toBe(200);
    expect((await fetch(`${url}/api/me`, { headers: { authorization: one } })).status).toBe(401);
    expect((await fetch(`${url}/api/me`, { headers: { authorization: other } })).status).toBe(200);
  });

  test('responds to unknown paths with 401 and 404', async () => {
    const { send, signed } = await run({});
    expect([(await send('/nowhere')).status, (await signed('/nowhere')).status]).toEqual([401, 404]);
  });
});

describe.skipIf(areMissing)(`the application in FRAMEWORKS.md${note}`, () => {
  const file = scratch();
  const endpoint = (body: string) => `
    import type { APIContext } from 'astro';
    import { auth } from '../auth.ts';
    export const prerender = PRERENDER;
    export const GET = (context: APIContext) => new Response(${body});
  `;
  const HELLO = `'hello ' + (auth.identityOrUndefined(context)?.username ?? 'stranger') + typeof context.locals.auth?.user.email`;
  const OTHERS = {
    'src/pages/hello.ts': endpoint(HELLO).replace('PRERENDER', 'false'),
    'src/pages/about.ts': endpoint(`'about us'`).replace('PRERENDER', 'true'),
  };

  test('compiles, and serves the routes as described', async () => {
    const { files, api } = await documentedApp('Astro', file('astro.pem'));
    const folder = await buildAstro({ ...files, ...OTHERS });
    await typeCheck(folder);
    const { url, close } = await serve(astroServer(await astroHandler(folder)));
    try {
      expect(await (await api(`${url}/api/me`)).json()).toBe('guido@example.com');
      expect((await fetch(`${url}/api/me`)).status).toBe(401);
      expect(await (await fetch(`${url}/hello`)).text()).toBe('hello strangerundefined');
      expect(await (await api(`${url}/hello`)).text()).toBe('hello guidostring');
      expect((await api(`${url}/api/orders`)).status).toBe(404);
      expect(await readFile(join(folder, 'dist/client/about'), 'utf8')).toBe('about us');
    } finally {
      await close();
    }
  });

  test('is not built if a prerendered page is protected, but if it is optional, without an identity', async () => {
    const { files } = await documentedApp('Astro', file('protected.pem'));
    const hello = endpoint(HELLO).replace('PRERENDER', 'true');
    const folder = await buildAstro({ ...files, ...OTHERS, 'src/pages/hello.ts': hello });
    expect(await readFile(join(folder, 'dist/client/hello'), 'utf8')).toBe('hello strangerundefined');
    const auth = files['src/auth.ts']?.replace(`'/about'`, `'/health'`) as string;
    await expect(buildAstro({ ...files, ...OTHERS, 'src/auth.ts': auth })).rejects.toThrow(
      '/about is prerendered, so its requests cannot be authenticated; add `export const prerender = false` to it',
    );
  });
});
