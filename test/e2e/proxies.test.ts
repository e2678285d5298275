/** Real nginx and Caddy before an application, asking ajwtd, configured as docs/AJWTD.md says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthorization, PrivateKey } from 'asymmetric-jwt-auth/client';
import { headerValues } from 'asymmetric-jwt-auth/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasProgram } from '../../packages/lib/test/helpers/command.ts';
import { freePort } from '../servers/process.ts';
import { type Ajwtd, ajwtd, scratch, serve } from './ajwtd.ts';

const file = scratch();
const children: ChildProcess[] = [];
const received: IncomingMessage[] = [];
const application = createServer(async (request, response) => {
  received.push(request);
  // Whoever answers and closes while a body still comes resets the connection, and nginx then says 502.
  for await (const _ of request);
  response.end(`hello ${request.headers['x-auth-user']}`);
});
let applicationPort = 0;
let server: Ajwtd;
let key: PrivateKey;

beforeAll(async () => {
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  applicationPort = (application.address() as AddressInfo).port;
  key = await PrivateKey.generate('ed25519');
  writeFileSync(file('key.pub'), key.publicKey.toPem());
  const database = ['--database', `sqlite:${file('ajwt.db')}`];
  await ajwtd(['key', 'add', 'Жук', file('key.pub'), ...database]);
  server = await serve({ database: file('ajwt.db'), args: ['--trusted-proxy', '127.0.0.1'] });
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  application.closeAllConnections();
  application.close();
});

/** The snippet of the documentation, with the ports of this test. */
function snippet(language: string): string {
  const text = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(
    readFileSync('docs/AJWTD.md', 'utf8'),
  )?.[1];
  if (text === undefined) throw new Error(`no snippet for ${language}`);
  return text
    .replaceAll('127.0.0.1:8787', `127.0.0.1:${server.port}`)
    .replaceAll('127.0.0.1:8081', `127.0.0.1:${applicationPort}`);
}

/** Starts a proxy, and waits until it answers. */
async function start(command: string, args: readonly string[], port: number): Promise<string> {
  const env = { ...process.env, XDG_DATA_HOME: file('.'), XDG_CONFIG_HOME: file('.'), HOME: file('.') };
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  children.push(child);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${said}`);
    const answers = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answers) return url;
  }
}

async function startNginx(): Promise<string> {
  const port = await freePort();
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(file(name));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${file(name === 'client_body' ? 'body' : name)};`)
    .join(' ');
  writeFileSync(
    file('nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root; ' : ''}daemon off; worker_processes 1; pid ${file('nginx.pid')}; error_log stderr;
events {}
http { access_log off; ${temporary} large_client_header_buffers 4 8k;
server { listen 127.0.0.1:${port};
${snippet('nginx')}
} }`,
  );
  return start('nginx', ['-c', file('nginx.conf'), '-e', 'stderr'], port);
}

async function startCaddy(): Promise<string> {
  const port = await freePort();
  writeFileSync(
    file('Caddyfile'),
    `{
admin off
}
http://127.0.0.1:${port} {
${snippet('caddy')}
}`,
  );
  return start('caddy', ['run', '--config', file('Caddyfile'), '--adapter', 'caddyfile'], port);
}

const lacks = (program: string, option: string) =>
  process.env.AJWT_TEST_ALL === undefined && !hasProgram(program, option);

describe.each([
  { name: 'nginx', program: 'nginx', option: '-v', startProxy: startNginx, whenDown: 500 },
  { name: 'Caddy', program: 'caddy', option: 'version', startProxy: startCaddy, whenDown: 502 },
])('$name', ({ program, option, startProxy, whenDown }) => {
  describe.skipIf(lacks(program, option))(`before an application (needs ${program})`, () => {
    let url = '';
    beforeAll(async () => {
      url = await startProxy();
    });
    const authorize = (bind?: { htm: string; target: string }) =>
      createAuthorization({ username: 'Жук', key, ...(bind === undefined ? {} : { bind }) });
    async function send(path: string, headers: Record<string, string> = {}, init: RequestInit = {}) {
      received.length = 0;
      const response = await fetch(`${url}${path}`, { ...init, headers });
      return {
        status: response.status,
        challenge: response.headers.get('www-authenticate'),
        body: await response.text(),
      };
    }

    test('a request without a token is a 401 with the challenge, and goes no further', async () => {
      expect(await send('/me')).toMatchObject({ status: 401, challenge: 'JWT realm="api"' });
      expect(received).toEqual([]);
    });

    test('a signed one arrives once, with its user, and without its token', async () => {
      const authorization = await authorize();
      const path = '/a%2Fb/../c?x=1&x=2';
      expect(await send(path, { authorization, 'x-auth-user': 'root', 'x-auth-key': 'SHA256:forged' })).toMatchObject({
        status: 200,
        body: 'hello %D0%96%D1%83%D0%BA',
      });
      const { rawHeaders } = received[0] as IncomingMessage;
      expect(headerValues(rawHeaders, 'x-auth-user')).toEqual(['%D0%96%D1%83%D0%BA']);
      expect(headerValues(rawHeaders, 'x-auth-key')).toEqual([key.publicKey.fingerprint]);
      // nginx sends an empty one on, or none.
      expect(received[0]?.headers.authorization ?? '').toBe('');
      expect(await send(path, { authorization })).toMatchObject({
        status: 401,
        challenge: 'JWT realm="api", error="replayed"',
      });
      expect(received).toEqual([]);
    });

    test.each(['JWT', 'JWT x', 'JWT a.b.c', 'Bearer x', `JWT ${'x'.repeat(7000)}`])(
      '%.20j is a 401 and no error',
      async (authorization) => {
        expect((await send('/', { authorization })).status).toBe(401);
        expect(received).toEqual([]);
      },
    );

    test('a body goes to the application, and not to ajwtd', async () => {
      const body = 'x'.repeat(100_000);
      expect(await send('/items', { authorization: await authorize() }, { method: 'POST', body })).toMatchObject({
        status: 200,
      });
    });

    test('a token that is bound to method and target gets in there, and nowhere else', async () => {
      const bind = { htm: 'GET', target: '/v1/items?x=1' };
      expect((await send('/v1/items?x=1', { authorization: await authorize(bind) })).status).toBe(200);
      const mismatch = { status: 401, challenge: 'JWT realm="api", error="binding_mismatch"' };
      expect(await send('/v1/items?x=2', { authorization: await authorize(bind) })).toMatchObject(mismatch);
      const post = await send('/v1/items?x=1', { authorization: await authorize(bind) }, { method: 'POST' });
      expect(post).toMatchObject(mismatch);
    });

    test('a client cannot say itself which request it sends', async () => {
      const authorization = await authorize({ htm: 'GET', target: '/allowed' });
      for (const prefix of ['x-original', 'x-forwarded']) {
        const headers = { authorization, [`${prefix}-uri`]: '/allowed', [`${prefix}-method`]: 'GET' };
        expect((await send('/secret', headers)).status).toBe(401);
      }
      expect(received).toEqual([]);
    });

    test('while ajwtd is down nobody gets in', async () => {
      await server.kill();
      expect((await send('/me', { authorization: await authorize() })).status).toBe(whenDown);
      expect(received).toEqual([]);
      server = await serve({
        database: file('ajwt.db'),
        args: ['--trusted-proxy', '127.0.0.1', '--listen', `127.0.0.1:${server.port}`],
      });
      await expect.poll(async () => (await send('/me', { authorization: await authorize() })).status).toBe(200);
    });
  });
});
