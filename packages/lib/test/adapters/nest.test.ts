import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ExceptionFilter, INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mustRun } from 'ajwt-testkit/run';
import type { Authenticator, Identity } from 'asymmetric-jwt-auth';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import { fastifyAuth } from 'asymmetric-jwt-auth/fastify';
import { nestAuth, Public, RouteAuth } from 'asymmetric-jwt-auth/nest';
import type { AdapterFixture, AdapterUser } from 'asymmetric-jwt-auth/testing';
import { build } from 'rolldown';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { makeGuido } from './guido.ts';
import { type Auth, appOf, controller as controllerIn, NEST, type NestVersion, urlOf } from './nest-versions.ts';

type Rest<F> = F extends (first: never, ...rest: infer R) => unknown ? R : never;

describe.each(NEST)('$name', ({ platform, load, isSkipped }) => {
  if (isSkipped) {
    test.skip('the contract and everything else');
    return;
  }
  const version: NestVersion = load();
  const { Catch, Controller, createParamDecorator, Get, UseGuards } = version.common;
  const controller = (...rest: Rest<typeof controllerIn>) => controllerIn(version, ...rest);

  const start: AdapterFixture['start'] = async (authenticator) => {
    const [auth, optional] = [nestAuth(authenticator), nestAuth(authenticator, { optional: true })];
    const bound = nestAuth(authenticator, { require: ['htm', 'target'] });
    const respond = (of: Auth) => (request: object) => JSON.stringify(bodyOf(of.identityOrUndefined(request)));
    const api = controller('api', {
      me: [(request) => bodyOf(auth.identity(request)), UseGuards(auth)],
      optional: [respond(optional), UseGuards(optional)],
      bound: [respond(auth), UseGuards(auth), RouteAuth({ require: ['htm', 'target'] })],
      twice: [respond(auth), UseGuards(auth, auth)],
      'optional-then-bound': [respond(bound), UseGuards(optional, bound)],
    });
    const open = controller('', { open: [(request) => JSON.stringify(messageOf(() => auth.identity(request)))] });
    const app = await appOf(version, platform, [api, open]);
    return { url: await urlOf(app), close: () => app.close() };
  };

  describeAdapter('nestAuth', { start });

  let authenticator: Authenticator<AdapterUser>;
  let auth: Auth;
  let sign: Awaited<ReturnType<typeof makeGuido>>['sign'];
  let reasons: string[];
  let addresses: (string | undefined)[];
  let app: INestApplication | undefined;

  beforeEach(async () => {
    ({ authenticator, sign, reasons, addresses } = await makeGuido());
    auth = nestAuth(authenticator);
  });

  afterEach(() => app?.close());

  const get = async (url: string, authorization?: string) => {
    const response = await fetch(url, { headers: authorization === undefined ? {} : { authorization } });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  const hello = (request: object) => auth.identityOrUndefined(request)?.username ?? 'nobody';

  test('a global guard protects all controllers, except what Public and RouteAuth change', async () => {
    const mixed = controller('mixed', {
      strict: [hello],
      public: [(request) => messageOf(() => auth.identity(request)), Public()],
      optional: [hello, RouteAuth({ optional: true })],
      bound: [hello, RouteAuth({ require: ['target'] })],
    });
    const open = controller('open', { all: [() => 'open'], strict: [hello, RouteAuth({})] }, Public());
    const loose = controller(
      'loose',
      {
        all: [hello],
        strict: [hello, RouteAuth({ optional: false })],
        bound: [hello, RouteAuth({ require: ['htm'] })],
      },
      RouteAuth({ optional: true, require: ['target'] }),
    );
    app = await appOf(version, platform, [mixed, open, loose], auth);
    const url = await urlOf(app);
    const statuses = async (path: string) => [
      (await get(url + path)).status,
      (await get(url + path, 'JWT x')).status,
      (await get(url + path, await sign())).status,
      (await get(url + path, await sign({ target: path }))).status,
      (await get(url + path, await sign({ htm: 'GET', target: path }))).status,
    ];
    expect(await statuses('/mixed/strict')).toEqual([401, 401, 200, 200, 200]);
    expect(await statuses('/mixed/public')).toEqual([200, 200, 200, 200, 200]);
    expect((await get(`${url}/mixed/public`, await sign())).body).toMatch(
      /was not authenticated; protect its handler with/,
    );
    expect(await statuses('/mixed/optional')).toEqual([200, 401, 200, 200, 200]);
    expect(await statuses('/mixed/bound')).toEqual([401, 401, 401, 200, 200]);
    expect(await statuses('/open/all')).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses('/open/strict')).toEqual([401, 401, 200, 200, 200]);
    expect(await statuses('/loose/all')).toEqual([200, 401, 401, 200, 200]);
    expect(await statuses('/loose/strict')).toEqual([401, 401, 401, 200, 200]);
    expect(await statuses('/loose/bound')).toEqual([200, 401, 401, 401, 200]);
  });

  test('exception filters see the errors of handlers, but no refusals', async () => {
    const seen: unknown[] = [];
    class Filter implements ExceptionFilter {
      catch(error: Error, host: Parameters<ExceptionFilter['catch']>[1]) {
        seen.push(error.message);
        const response = host.switchToHttp().getResponse();
        response.status(418).send('filtered');
      }
    }
    Catch()(Filter);
    const routes = controller('', {
      fails: [() => Promise.reject(new Error('the handler failed')), UseGuards(auth)],
    });
    app = await appOf(version, platform, [routes]);
    app.useGlobalFilters(new Filter());
    const url = await urlOf(app);
    const refused = await get(`${url}/fails`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'JWT realm="api"']);
    expect(await get(`${url}/fails`, await sign())).toMatchObject({ status: 418, body: 'filtered' });
    expect(seen).toEqual(['the handler failed']);
  });

  test('a parameter decorator returns the identity', async () => {
    const Caller = createParamDecorator(auth.param);
    class Routes {
      me(caller: Identity<AdapterUser>) {
        return caller.user.email;
      }
    }
    Caller()(Routes.prototype, 'me', 0);
    const descriptor = Object.getOwnPropertyDescriptor(Routes.prototype, 'me') as PropertyDescriptor;
    for (const decorate of [Get('me'), UseGuards(auth)]) decorate(Routes.prototype, 'me', descriptor);
    Controller()(Routes);
    app = await appOf(version, platform, [Routes]);
    expect((await get(`${await urlOf(app)}/me`, await sign())).body).toBe('guido@example.com');
    expectTypeOf(auth.identity).returns.toEqualTypeOf<Identity<AdapterUser>>();
    expectTypeOf(auth.param).returns.toEqualTypeOf<Identity<AdapterUser> | undefined>();
  });

  test('a request is authenticated once, also if it was authenticated before the body was read', async () => {
    const routes = controller('', { me: [hello, UseGuards(auth)] });
    app = await appOf(version, platform, [routes]);
    if (platform === 'Express') app.use(expressAuth(authenticator));
    else await (app as NestFastifyApplication).register(fastifyAuth(authenticator) as never);
    const url = await urlOf(app);
    expect(await get(`${url}/me`, await sign())).toMatchObject({ status: 200, body: 'guido' });
    expect(reasons).toEqual(['accepted']);
    expect(addresses).toEqual(['127.0.0.1']);
    expect((await get(`${url}/nowhere`)).status).toBe(401);
  });

  test('a global prefix is part of the target', async () => {
    app = await appOf(
      version,
      platform,
      [controller('', { bound: [hello, RouteAuth({ require: ['target'] })] })],
      auth,
    );
    app.setGlobalPrefix('v1');
    const url = await urlOf(app);
    expect((await get(`${url}/v1/bound?x`, await sign({ target: '/v1/bound?x' }))).status).toBe(200);
    expect((await get(`${url}/v1/bound?x`, await sign({ target: '/bound?x' }))).status).toBe(401);
  });

  test('a binding is compared with the request before it was rewritten', async () => {
    const routes = controller('', { internal: [hello, RouteAuth({ require: ['target'] })] });
    app = await appOf(version, platform, [routes], auth, { rewriteUrl: () => '/internal' });
    if (platform === 'Express') {
      app.use((request: { url: string }, _response: unknown, next: () => void) => {
        request.url = '/internal';
        next();
      });
    }
    const url = await urlOf(app);
    expect((await get(`${url}/public`, await sign({ target: '/public' }))).status).toBe(200);
    expect((await get(`${url}/public`, await sign({ target: '/internal' }))).body).toContain('binding_mismatch');
  });

  test('enableCors responds to a preflight, and adds its header to refusals', async () => {
    app = await appOf(version, platform, [controller('', { me: [hello] })], auth);
    app.enableCors();
    const url = await urlOf(app);
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' };
    expect((await fetch(`${url}/me`, { method: 'OPTIONS', headers })).status).toBe(204);
    expect((await get(`${url}/me`)).headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('nestAuth', () => {
  test('refuses wrong options, a second mark, and a mark on anything but a class or method', async () => {
    const { authenticator } = await makeGuido();
    expect(() => nestAuth({} as never)).toThrow(/createAuthenticator/);
    expect(() => nestAuth(authenticator, { public: true } as never)).toThrow(/^option public: unknown/);
    expect(() => RouteAuth({ optinal: true } as never)).toThrow(/^option optinal: unknown; did you mean optional/);
    class Routes {}
    Public()(Routes);
    expect(() => RouteAuth({ require: ['htm'] })(Routes)).toThrow('Routes: use Public or RouteAuth only once');
    expect(() => Public()(Routes.prototype, 'me', { value: 1 })).toThrow('only decorate classes and their methods');
  });

  test('throws in contexts other than HTTP, so that they stay closed', async () => {
    const guard = nestAuth((await makeGuido()).authenticator);
    const context = { getType: () => 'graphql' } as never;
    await expect(guard.canActivate(context)).rejects.toThrow(
      /only authenticates HTTP requests, not graphql; authenticate its/,
    );
  });
});

// Node does not run decorators, so docs.test.ts leaves this snippet out.
test('the snippet of FRAMEWORKS.md with decorators compiles, and prints what the page shows', async () => {
  const page = await readFile('docs/FRAMEWORKS.md', 'utf8');
  const block = (pattern: RegExp) => pattern.exec(page)?.[1] ?? '';
  // Inside the repository, so that imports of the packages find their sources.
  await mkdir('test/.examples', { recursive: true });
  const folder = await mkdtemp(resolve('test/.examples/nest-'));
  try {
    await writeFile(join(folder, 'authenticator.ts'), block(/^```ts authenticator.ts\n(.*?)^```$/ms));
    await writeFile(join(folder, 'nest.ts'), block(/^```typescript\n(import .*?@nestjs.*?)^```$/ms));
    const compilerOptions = { noEmit: true, experimentalDecorators: true, skipLibCheck: true };
    const config = { extends: resolve('tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await mustRun(resolve('node_modules/.bin/tsc'), ['-p', folder]);
    const [bundle, input] = [join(folder, 'nest.mjs'), join(folder, 'nest.ts')];
    await build({
      input,
      external: (id) => /^(@nestjs|asymmetric-jwt-auth)\b/.test(id),
      transform: { decorator: { legacy: true } },
      output: { file: bundle },
      logLevel: 'silent',
    });
    const printed = await mustRun('node', ['--conditions=source', bundle]);
    expect(printed.replace(/^/gm, '// ').replace(/\/\/ $/, '')).toBe(block(/^```typescript\n(\/\/ .*?)^```$/ms));
  } finally {
    await rm(folder, { recursive: true });
  }
});
