/** `ajwtd doctor --url` through real proxies, configured well and badly. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { freePort } from 'ajwt-testkit/servers/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/operations/doctor/finding.ts';
import { PROXIES, type ProxyProgram } from './proxies/programs.ts';
import { startProxy } from './proxies/start.ts';

const file = scratch();
const database = file('ajwt.db');
const nginx = PROXIES[0] as ProxyProgram;
const isSkipped = ({ program }: ProxyProgram) => program === undefined && process.env.AJWT_TEST_ALL === undefined;

/** The application behind the proxies. No request of this file may reach it. */
const application = createServer((_, response) => {
  reached += 1;
  response.end('reached');
});
let reached = 0;
const upstreamUrl = () => `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
let folders = 0;
beforeAll(async () => {
  await ajwtd(['user', 'add', 'guido', '--database', `sqlite:${database}`]);
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
});
afterAll(() => application.close());

/** A server with an admin listener, and the options with which `doctor` finds it. */
interface Running {
  readonly server: Ajwtd;
  readonly options: readonly string[];
}

async function start(...args: readonly string[]): Promise<Running> {
  const admin = `127.0.0.1:${await freePort()}`;
  const server = await serve({ database, args: ['--admin-listen', admin, ...args] });
  return { server, options: ['--database', `sqlite:${database}`, '--admin-listen', admin, ...args] };
}

async function through(proxy: ProxyProgram, { server }: Running): Promise<string> {
  const ports = { ajwtd: server.port, application: (application.address() as AddressInfo).port };
  return `http://127.0.0.1:${await startProxy(proxy, file(`proxy-${++folders}`), ports)}`;
}

/** Runs `doctor` and returns its findings about the proxy that are not `ok`, and all of them. */
async function examine({ options }: Running, url: string) {
  const { code, stdout, stderr } = await ajwtd(['doctor', ...options, '--url', url, '--json']);
  expect(stderr).toBe('');
  const all = (JSON.parse(stdout) as Finding[]).filter(({ check }) => check === 'proxy');
  return { code, all, found: all.filter(({ level }) => level !== 'ok') };
}

/** Returns nginx with another configuration. */
function changed(change: (recipe: string) => string): ProxyProgram {
  return { ...nginx, files: (recipe, port) => nginx.files((block) => change(recipe(block)), port) };
}

describe('the configurations in docs/PROXIES.md', () => {
  let running: Running;
  beforeAll(async () => {
    running = await start('--trusted-proxy', '127.0.0.1');
  });

  test.each(PROXIES)('$name causes no warning', async (proxy) => {
    if (isSkipped(proxy)) return;
    const { all } = await examine(running, await through(proxy, running));
    expect(all.filter(({ level }) => level === 'warning' || level === 'problem')).toEqual([]);
    expect(all).toContainEqual(
      expect.objectContaining({
        what: expect.stringMatching(/^POST \/ajwtd-doctor\?x=1 arrives unchanged, from 127\.0\.0\.1 \(a trusted/),
      }),
    );
    expect(all).toContainEqual(
      expect.objectContaining({ what: 'forged X-Original-… and X-Forwarded-… headers have no effect' }),
    );
    expect(reached).toBe(0);
  });
});

describe.skipIf(isSkipped(nginx))('behind nginx', () => {
  test('a proxy that is not trusted is named, and the finding is a problem if tokens must be bound', async () => {
    const running = await start();
    const url = await through(nginx, running);
    const { code, found } = await examine(running, url);
    expect(code).toBe(1);
    expect(found).toMatchObject([
      {
        level: 'warning',
        what: 'ajwtd ignores the method and target that 127.0.0.1 reports, so bound tokens are refused with binding_mismatch',
        todo: 'if this is your proxy, start the server with --trusted-proxy 127.0.0.1',
      },
      { level: 'warning', what: expect.stringContaining('all clients of the proxy 127.0.0.1 count as one address') },
    ]);
    const strict = await start('--require', 'htm,target');
    expect((await examine(strict, await through(nginx, strict))).found[0]).toMatchObject({
      level: 'problem',
      what: expect.stringContaining('all tokens are refused'),
    });
  });

  test.each([
    {
      name: 'does not send the target',
      change: (recipe: string) => recipe.replace(/proxy_set_header X-Original-URI .*/, ''),
      finding: { level: 'warning', what: expect.stringContaining('does not report the target') },
    },
    {
      name: 'sends the normalized path of the forward-auth request',
      change: (recipe: string) => recipe.replace('URI $request_uri', 'URI $uri'),
      finding: { level: 'warning', what: expect.stringContaining('/ajwtd-doctor?x=1 arrives as POST /.ajwt/auth,') },
    },
    {
      name: 'forwards the method that the client names',
      change: (recipe: string) => recipe.replace('Method $request_method', 'Method $http_x_original_method'),
      finding: { level: 'problem', what: expect.stringContaining('callers can choose the method or target') },
    },
    {
      name: 'forwards the address that the client names',
      change: (recipe: string) => recipe.replace(/proxy_set_header X-Forwarded-For .*/, ''),
      finding: { level: 'problem', what: expect.stringContaining('callers can choose the address') },
    },
    {
      name: 'does not protect the path',
      path: '/open',
      change: (recipe: string) => `location /open { return 204; }\n${recipe}`,
      finding: { level: 'problem', what: expect.stringContaining('gets status 204 instead of 401: this path is not') },
    },
    {
      name: 'turns a 401 into an error',
      path: '/broken',
      change: (recipe: string) =>
        `location /broken { auth_request /.ajwt/auth; error_page 401 = @unavailable; }\n${recipe}`,
      finding: { level: 'problem', what: 'a request without a token gets status 503 instead of 401' },
    },
    {
      name: 'hides the challenge',
      path: '/silent',
      change: (recipe: string) => {
        const ajwtd = /proxy_pass \S+?(?=;)/.exec(recipe)?.[0];
        return `location /silent { proxy_hide_header WWW-Authenticate; ${ajwtd}/.ajwt/whoami; }\n${recipe}`;
      },
      finding: { level: 'problem', what: expect.stringContaining('a 401 without WWW-Authenticate') },
    },
  ])('a configuration that $name is found', async ({ change, finding, path = '' }) => {
    const running = await start('--trusted-proxy', '127.0.0.1');
    const { code, found } = await examine(running, (await through(changed(change), running)) + path);
    expect(code).toBe(1);
    expect(found).toContainEqual(expect.objectContaining(finding));
  });

  test('with workers, and as a reverse proxy that rewrites targets', async () => {
    const upstream = upstreamUrl();
    const running = await start('--trusted-proxy', '127.0.0.1', '--workers', '2', '--upstream', upstream);
    const port = running.server.port;
    // A path after the port makes nginx decode and normalize the target.
    const recipe = `location / { proxy_set_header X-Forwarded-For $remote_addr; proxy_pass http://127.0.0.1:${port}/; }`;
    const { found } = await examine(
      running,
      await through(
        changed(() => recipe),
        running,
      ),
    );
    expect(found).toMatchObject([
      {
        level: 'hint',
        what: expect.stringContaining('/ajwtd-doctor/%7Ea%2Fb//c?x=%2f&y= arrives as /ajwtd-doctor/~a/b/c?x=%2f&y='),
      },
    ]);
    expect(reached).toBe(0);
  });
});

test('a server behind another URL, and an admin listener that is off, are reported', async () => {
  const upstream = upstreamUrl();
  const [one, another] = [await start('--upstream', upstream), await start('--upstream', upstream)];
  expect((await examine(one, another.server.url)).found).toMatchObject([
    { level: 'warning', what: 'a request was refused, but not by the server whose admin listener this command asks' },
  ]);
  const { found } = await examine({ ...one, options: [...one.options, '--admin-listen', 'off'] }, one.server.url);
  expect(found).toMatchObject([{ level: 'hint', what: expect.stringContaining('cannot see how requests arrive') }]);
  const { found: down } = await examine(one, `http://127.0.0.1:${await freePort()}`);
  expect(down).toMatchObject([
    { level: 'problem', what: expect.stringContaining('does not respond: connect ECONNREF') },
  ]);
});

describe('the paths of the admin listener', () => {
  let admin: string;
  beforeAll(async () => {
    const { options } = await start();
    admin = `http://${options[options.indexOf('--admin-listen') + 1]}/doctor/probes`;
  });

  test.each([
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page, without an Origin', { 'sec-fetch-site': 'cross-site' }],
  ])('refuse %s', async (_, headers) => {
    expect((await fetch(admin, { method: 'POST', headers })).status).toBe(403);
    expect((await fetch(`${admin}/x`, { headers })).status).toBe(403);
  });

  test('refuse other methods, and know nothing of other ids', async () => {
    expect((await fetch(admin)).status).toBe(405);
    expect((await fetch(`${admin}/x`, { method: 'DELETE' })).status).toBe(405);
    expect(await (await fetch(`${admin}/__proto__`)).json()).toEqual({ seen: [] });
  });
});
