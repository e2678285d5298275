/** `ajwt fetch`: addresses, TLS and proxies, beside curl. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, createServer as createTcp } from 'node:net';
import { ajwt, ajwtProcess, lacks, scratch } from 'ajwt-testkit/ajwt';
import { certify } from 'ajwt-testkit/authority';
import { listen } from 'ajwt-testkit/listen';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isExcluded } from '../../src/cli/fetch/connection/proxy.ts';
import { PrivateKey } from '../../src/index.ts';
import { besideCurl, describeRequest, startEcho } from './beside-curl.ts';

const file = scratch();
const identity = { AJWT_USER: 'guido', AJWT_KEY: file('key') };
const servers: { close(): unknown }[] = [];
let port = '';
let tlsPort = '';
let proxyPort = '';
let deadPort = '';
/** Requests that the proxy received. */
const asked: string[] = [];

beforeAll(async () => {
  writeFileSync(file('key'), (await PrivateKey.generate()).toPem());
  const echo = await startEcho();
  port = new URL(echo.url).port;
  const { ca, cert, key } = certify('site.test', 'localhost');
  const client = certify('client.test');
  for (const [name, text] of Object.entries({
    ca,
    cert,
    key,
    clientca: client.ca,
    clientcert: client.cert,
    clientkey: client.key,
  })) {
    writeFileSync(file(`${name}.pem`), text);
  }
  writeFileSync(file('both.pem'), client.cert + client.key);
  const tls = createHttps(
    { cert, key, ca: client.ca, requestCert: true, rejectUnauthorized: false },
    async (request, response) => {
      const peer = (request.socket as import('node:tls').TLSSocket).getPeerCertificate();
      response.end(`${await describeRequest(request)} ${peer.subject?.CN ?? 'no certificate'}`);
    },
  );
  tlsPort = new URL(await listen(tls)).port;
  const proxy = startProxy();
  proxyPort = new URL(await listen(proxy)).port;
  const unix = createHttp(async (request, response) => response.end(await describeRequest(request)));
  unix.listen(file('socket'));
  await once(unix, 'listening');
  servers.push(echo.server, tls, proxy, unix);
  const dead = createTcp();
  deadPort = new URL(await listen(dead as never)).port;
  await new Promise((closed) => dead.close(closed));
});
afterAll(() => {
  for (const server of servers) server.close();
});
afterEach(() => {
  asked.length = 0;
});

/** A proxy that forwards requests, opens tunnels to the TLS port, and refuses both for the host refused.test. */
function startProxy(): Server {
  const server = createHttp(async (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    response.end(`proxied ${await describeRequest(request)}`);
  });
  server.on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    socket.on('error', () => {});
    if (request.url?.startsWith('refused.test')) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    if (request.url?.startsWith('locked.test'))
      return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
    const upstream = connect(Number(tlsPort), '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    upstream
      .on('error', () => socket.destroy())
      .pipe(socket)
      .pipe(upstream);
  });
  return server;
}

/** Replaces the names of files and ports. */
const fill = (text: string) =>
  text
    .replace(/FILE:([\w.]+)/g, (_, name) => file(name))
    .replace(
      /\b(?:PORT|TLS|PROXY|DEAD)\b/g,
      (name) => ({ PORT: port, TLS: tlsPort, PROXY: proxyPort, DEAD: deadPort })[name] as string,
    );

const ca = ['--cacert', 'FILE:ca.pem'];
const here = ['--resolve', 'site.test:TLS:127.0.0.1'];

describe.skipIf(lacks('curl', '--version') || lacks('openssl', 'version'))(
  'the same body and exit code as curl',
  () => {
    test.each<[string, string[], (string[] | undefined)?, Record<string, string>?]>([
      ['--resolve', ['--resolve', 'a.test:PORT:127.0.0.1', 'http://a.test:PORT/x']],
      ['--resolve, several addresses and *', ['--resolve', '*:PORT:127.0.0.1,[::1]', '-4', 'http://b.test:PORT/']],
      ['--resolve of another port', ['--resolve', 'a.invalid:1:127.0.0.1', 'http://a.invalid:PORT/']],
      ['--resolve, not valid', ['--resolve', 'nonsense', 'http://127.0.0.1:PORT/']],
      ['--resolve, not an address', ['--resolve', 'a.test:80:nonsense', 'http://127.0.0.1:PORT/']],
      ['-4', ['-4', 'http://localhost:PORT/']],
      ['-6 to an IPv4 address', ['-6', 'http://127.0.0.1:PORT/']],
      ['--unix-socket', ['--unix-socket', 'FILE:socket', 'http://any.invalid/x?y']],
      ['--unix-socket, missing', ['--unix-socket', 'FILE:nosocket', 'http://any.invalid/']],
      ['an unknown certificate', [...here, 'https://site.test:TLS/']],
      ['--cacert', [...ca, ...here, 'https://site.test:TLS/x']],
      ['--cacert, another name', [...ca, 'https://127.0.0.1:TLS/']],
      ['--cacert, missing file', ['--cacert', 'FILE:nowhere', 'https://127.0.0.1:TLS/']],
      ['--cacert, not PEM', ['--cacert', 'FILE:key', 'https://127.0.0.1:TLS/']],
      ['-k', ['-k', 'https://127.0.0.1:TLS/']],
      [
        '--tls-cert and --tls-key',
        [
          ...ca,
          ...here,
          '--tls-cert',
          'FILE:clientcert.pem',
          '--tls-key',
          'FILE:clientkey.pem',
          'https://site.test:TLS/',
        ],
        [...ca, ...here, '--cert', 'FILE:clientcert.pem', '--key', 'FILE:clientkey.pem', 'https://site.test:TLS/'],
      ],
      [
        '--tls-cert with its key',
        [...ca, ...here, '--tls-cert', 'FILE:both.pem', 'https://site.test:TLS/'],
        [...ca, ...here, '--cert', 'FILE:both.pem', 'https://site.test:TLS/'],
      ],
      [
        '--tls-cert, missing file',
        [...ca, ...here, '--tls-cert', 'FILE:nowhere', 'https://site.test:TLS/'],
        [...ca, ...here, '--cert', 'FILE:nowhere', 'https://site.test:TLS/'],
      ],
      [
        '--tls-cert without its key',
        [...ca, ...here, '--tls-cert', 'FILE:clientcert.pem', 'https://site.test:TLS/'],
        [...ca, ...here, '--cert', 'FILE:clientcert.pem', 'https://site.test:TLS/'],
      ],
      ['-x', ['-x', 'http://127.0.0.1:PROXY', '-d', 'a=1', 'http://any.invalid/x?y']],
      ['-x without a scheme', ['-x', '127.0.0.1:PROXY', 'http://any.invalid/x?y']],
      ['-x with a tunnel', [...ca, '-x', 'http://127.0.0.1:PROXY', 'https://site.test/x']],
      ['-x, nothing listens', ['-x', 'http://127.0.0.1:DEAD', 'http://any.invalid/']],
      ['-x, no such proxy', ['-x', 'http://proxy.invalid:1', 'http://any.invalid/']],
      ['-x, the proxy refuses', ['-x', 'http://127.0.0.1:PROXY', 'https://refused.test/']],
      ['-x, the proxy wants a password', ['-x', 'http://127.0.0.1:PROXY', 'https://locked.test/']],
      ['-x and an unknown certificate', ['-x', 'http://127.0.0.1:PROXY', 'https://site.test/']],
      ['-x and --noproxy', ['-x', 'http://127.0.0.1:DEAD', '--noproxy', '127.0.0.0/8', 'http://127.0.0.1:PORT/']],
      ['an empty -x', ['-x', '', 'http://127.0.0.1:PORT/'], undefined, { http_proxy: 'http://127.0.0.1:DEAD' }],
      ['http_proxy', ['http://any.invalid/'], undefined, { http_proxy: 'http://127.0.0.1:PROXY' }],
      ['HTTP_PROXY is not read', ['http://127.0.0.1:PORT/'], undefined, { HTTP_PROXY: 'http://127.0.0.1:DEAD' }],
      ['HTTPS_PROXY', [...ca, 'https://site.test/'], undefined, { HTTPS_PROXY: 'http://127.0.0.1:PROXY' }],
      ['ALL_PROXY', ['http://any.invalid/'], undefined, { ALL_PROXY: 'http://127.0.0.1:PROXY' }],
      [
        'NO_PROXY',
        ['http://127.0.0.1:PORT/'],
        undefined,
        { all_proxy: 'http://127.0.0.1:DEAD', NO_PROXY: 'a.test, 127.0.0.1' },
      ],
      [
        '--noproxy replaces no_proxy',
        ['--noproxy', 'a.test', 'http://any.invalid/'],
        undefined,
        { http_proxy: 'http://127.0.0.1:PROXY', no_proxy: '*' },
      ],
      ['TLS to a port without TLS', ['https://127.0.0.1:PORT/']],
    ])('%s', async (_name, args, theirs = args, variables = {}) => {
      const env = {
        ...identity,
        ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, fill(value)])),
      };
      const { curl, ours } = await besideCurl(args.map(fill), { env, theirs: theirs.map(fill) });
      expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
      expect(ours.stderr === '').toBe(ours.code === 0);
    });
  },
);

describe('errors name the proxy if the proxy caused them', () => {
  test.each([
    [
      ['-x', 'http://127.0.0.1:DEAD', 'http://any.invalid/'],
      7,
      'proxy 127.0.0.1:DEAD: cannot connect: nothing listens there (ECONNREFUSED)',
    ],
    [['-x', 'proxy.invalid:1', 'http://any.invalid/'], 5, /^proxy proxy\.invalid:1: the host name cannot be resolved/],
    [
      ['-x', '127.0.0.1:PROXY', 'https://refused.test/'],
      56,
      'proxy 127.0.0.1:PROXY: refused to connect to refused.test:443: 403 Forbidden',
    ],
    [
      ['-x', '127.0.0.1:PROXY', 'https://locked.test/'],
      56,
      'proxy 127.0.0.1:PROXY: refused to connect to locked.test:443: 407 Proxy Authentication Required; give its username and password in its URL: http://NAME:PASSWORD@…',
    ],
    [
      ['-x', 'socks5://127.0.0.1', 'http://any.invalid/'],
      7,
      '-x: socks5:// is not supported; use an http:// or https:// proxy',
    ],
    [
      ['-x', 'http://a%zz:hunter2@127.0.0.1:1', 'http://any.invalid/'],
      5,
      '-x: not a valid proxy; write http://host:port',
    ],
    [['-x', 'http://hunter2@:', 'http://any.invalid/'], 5, '-x: not a valid proxy; write http://host:port'],
  ])('%j', async (args, code, message) => {
    const outcome = await ajwt(['fetch', ...args.map(fill)], { env: identity });
    expect(outcome.code).toBe(code);
    const line = outcome.stderr.replace(/^ajwt: /, '').trimEnd();
    if (typeof message === 'string') expect(line).toBe(fill(message));
    else expect(line).toMatch(message);
  });

  test('a proxy with TLS must have a trusted certificate, even with -k', async () => {
    const [cert, key] = ['cert', 'key'].map((name) => readFileSync(file(`${name}.pem`)));
    const proxy = createHttps({ cert, key } as never, (_request, response) => response.end('proxied'));
    servers.push(proxy);
    const args = ['fetch', '-k', '-x', `https://localhost:${new URL(await listen(proxy)).port}`, 'http://any.invalid/'];
    // Node reads this variable when it starts.
    const known = { ...identity, NODE_EXTRA_CA_CERTS: file('ca.pem') };
    expect(await ajwtProcess(args, { env: known })).toMatchObject({ code: 0, stdout: 'proxied' });
    const { code, stderr } = await ajwt(args, { env: identity });
    expect([code, stderr]).toEqual([
      60,
      expect.stringMatching(/^ajwt: proxy localhost:\d+: the certificate is not trusted/),
    ]);
  });

  test('proxy credentials are sent only to the proxy, and -v does not show them', async () => {
    const proxy = fill('http://ann:p%40ss@127.0.0.1:PROXY');
    const plain = await ajwt(['fetch', '-v', '-x', proxy, 'http://any.invalid/'], { env: identity });
    const tunnel = await ajwt(['fetch', '-v', '-x', proxy, ...ca.map(fill), 'https://site.test/'], { env: identity });
    const basic = `Basic ${Buffer.from('ann:p@ss').toString('base64')}`;
    expect(asked).toEqual([`GET http://any.invalid/ ${basic}`, `CONNECT site.test:443 ${basic}`]);
    expect([plain.code, tunnel.code, tunnel.stdout.includes('proxy-authorization')]).toEqual([0, 0, false]);
    expect(plain.stderr + tunnel.stderr).not.toContain(basic.slice(6));
  });
});

describe('-k', () => {
  const bindIn = (line: string) => JSON.parse(Buffer.from(line.split('.')[1] as string, 'base64url').toString()).bind;

  test('for a server on another machine, binds the token to the whole request with its body, and warns', async () => {
    const tokens: string[] = [];
    const { cert, key } = certify('site.test');
    const server = createHttps({ cert, key }, (request, response) => {
      tokens.push(request.headers.authorization ?? '');
      response.end();
    });
    servers.push(server);
    const before = tlsPort;
    tlsPort = new URL(await listen(server)).port;
    // A proxy sees the connection, although it is on this machine too.
    const { code, stderr } = await ajwt(
      ['fetch', '-k', '-x', fill('127.0.0.1:PROXY'), '-d', 'a', 'https://site.test/x?y'],
      { env: identity },
    );
    const direct = await ajwt(['fetch', '-k', fill('https://127.0.0.1:TLS/')], { env: identity });
    tlsPort = before;
    expect([code, stderr]).toEqual([
      0,
      'warning: -k: the certificate of site.test is not checked; the token is bound to this request\n',
    ]);
    expect(bindIn(tokens[0] as string)).toEqual({
      v: 1,
      aud: 'https://site.test',
      htm: 'POST',
      target: '/x?y',
      digest: 'ypeBEsobvcr6wjGzmiPcTaeG7_gUfE5yuYB3ha_uSLs',
    });
    expect([direct.code, direct.stderr, bindIn(tokens[1] as string)]).toEqual([0, '', undefined]);
  });

  test('for a server on another machine, refuses a body that cannot be bound', async () => {
    const { code, stderr } = await ajwt(
      ['fetch', '-k', '-x', fill('127.0.0.1:PROXY'), '-d', '@-', 'https://site.test/'],
      { env: identity },
    );
    expect([code, stderr]).toEqual([
      1,
      'ajwt: -k: needs a body in memory, to bind the token to it; send a file of at most 16 MiB\n',
    ]);
  });
});

describe('hosts without a proxy', () => {
  test.each([
    ['a.test', 'a.test', true],
    ['b.a.test', 'a.test', true],
    ['b.a.test', '.a.test', true],
    ['ba.test', 'a.test', false],
    ['A.test.', 'x,a.TEST', true],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '2.3', false],
    ['::1', '[::1]', true],
    ['fe80::1', 'fe80::/10', true],
    ['10.1.2.3', '10.0.0.0/99', false],
    ['a.test', '*', true],
    ['a.test', '', false],
  ])('%s in %j: %j', (host, list, excluded) => {
    expect(isExcluded(host, list)).toBe(excluded);
  });
});

test.each([
  [['-4', '-6'], 'give -4 or -6, not both'],
  [['--tls-key', 'x'], '--tls-key needs --tls-cert'],
])('%j is a usage error', async (args, message) => {
  expect(await ajwt(['fetch', ...args, fill('http://127.0.0.1:PORT/')], { env: identity })).toMatchObject({
    code: 1,
    stderr: `ajwt: ${message}\n`,
  });
});
