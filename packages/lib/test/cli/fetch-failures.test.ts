/** `ajwt fetch`: the exit codes of curl, and the messages when a request fails. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { ajwt, ajwtProcess, type InProcessOptions, lacks, scratch, shell } from 'ajwt-testkit/ajwt';
import { runProgram } from 'ajwt-testkit/command';
import { type FetchServer, fixedNonceStore, startServer } from 'ajwt-testkit/fetch-server';
import { listen } from 'ajwt-testkit/listen';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PrivateKey } from '../../src/index.ts';

const file = scratch();
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };
const servers: FetchServer[] = [];
let key: PrivateKey;
let url = '';

async function serve(options?: Parameters<typeof startServer>[1]): Promise<string> {
  const server = await startServer(key.publicKey, options);
  servers.push(server);
  return server.url;
}

beforeAll(async () => {
  // Do not use the developer's ssh-agent.
  vi.stubEnv('SSH_AUTH_SOCK', undefined);
  key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  url = await serve();
});
afterAll(() => {
  vi.unstubAllEnvs();
  for (const { server } of servers) server.close();
});

const get = (path: string, args: readonly string[] = [], options: InProcessOptions = {}) =>
  ajwt(['fetch', ...args, path.includes(':') ? path : `${url}${path}`], { env, ...options });

describe('a status of 400 or more', () => {
  test('is printed like any other response', async () => {
    expect(await get('/404')).toMatchObject({ code: 0, stdout: 'no such thing\n', stderr: '' });
    expect(await get('/401')).toMatchObject({ code: 0, stdout: 'from the application\n', stderr: '' });
  });

  test('with --fail, prints no body but a one-line message, and exits with code 22', async () => {
    for (const option of ['-f', '--fail']) {
      expect(await get('/404', [option])).toMatchObject({ code: 22, stdout: '', stderr: 'ajwt: 404 Not Found\n' });
    }
    expect(await get('/500', ['-f'])).toMatchObject({ code: 22, stderr: 'ajwt: 500 Oh Dear\n' });
    expect(await get('/x', ['-f'])).toMatchObject({ code: 0, stdout: 'hello guido\n' });
    expect((await get('/404', ['-fi'])).stdout).toMatch(/^HTTP\/1\.1 404 Not Found\r\n(.+\r\n)+\r\n$/);
    await get('/404', ['-f', '-o', file('unmade')]);
    expect(existsSync(file('unmade'))).toBe(false);
  });

  test('may be a status that no standard defines, as in curl', async () => {
    expect(await get('/999')).toMatchObject({ code: 0, stderr: '' });
    expect(await get('/999', ['--fail'])).toMatchObject({ code: 22, stdout: '', stderr: 'ajwt: 999 unknown\n' });
  });

  test('with --fail-with-body, prints the body and a one-line message, and exits with code 22', async () => {
    expect(await get('/404', ['--fail-with-body'])).toMatchObject({
      code: 22,
      stdout: 'no such thing\n',
      stderr: 'ajwt: 404 Not Found\n',
    });
  });

  test('with -s, prints no message', async () => {
    expect(await get('/404', ['-sf'])).toMatchObject({ code: 22, stdout: '', stderr: '' });
    expect(await get('/x', ['-s', '--user', 'ada'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a refused token is explained in one line, and the response is printed', () => {
  test.each<[string, () => Parameters<typeof startServer>[1], string[], RegExp]>([
    ['replayed', () => ({ nonces: fixedNonceStore('replayed') }), [], /^401 replayed: The token was used before/],
    ['rate_limited', () => ({ nonces: fixedNonceStore('rate_limited') }), [], /^429 rate_limited: /],
    ['unavailable', () => ({ nonces: fixedNonceStore('down') }), [], /^503 unavailable: /],
    [
      'forgotten',
      () => ({ nonces: fixedNonceStore('forgotten') }),
      [],
      /^401 stale_time: the local clock and the server's differ by only 0(\.\d)? s; try again$/,
    ],
    [
      'a clock far behind',
      () => ({ now: () => Date.now() / 1000 + 5000 }),
      [],
      /^401 stale_time: the local clock is 1 h 23 min behind the server's \(tolerance: 20 s\); set the local clock$/,
    ],
    [
      'a clock far ahead',
      () => ({ now: () => Date.now() / 1000 - 5000 }),
      [],
      /^401 stale_time: the local clock is 1 h 23 min ahead of the server's \(tolerance: 20 s\); set the local clock$/,
    ],
    [
      'another user',
      () => ({}),
      ['--user', 'Жук'],
      /^401 invalid_token: token not accepted; check that the server has this key registered for this user: Жук, SHA256:/,
    ],
    [
      'binding_required',
      () => ({ require: ['htm'] }),
      [],
      /^401 binding_required: .*htm.* Add --bind, which binds aud, htm and target\.$/,
    ],
    ['another scheme', () => ({ scheme: 'Token' }), [], /^401: /],
  ])('%s', async (_name, options, args, line) => {
    const { code, stdout, stderr } = await get(await serve(options()), args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'about:blank', detail: expect.any(String) });
    expect(stderr.slice('ajwt: '.length, -1)).toMatch(line);
    expect(stderr).not.toMatch(/eyJ/);
  });

  test('with --fail, the explanation replaces the status', async () => {
    const outcome = await get('/x', ['-f', '--user', 'ada']);
    expect(outcome).toMatchObject({
      code: 22,
      stdout: '',
      stderr: expect.stringMatching(/^ajwt: 401 invalid_token: [^\n]+\n$/),
    });
  });

  test('text from the server cannot control the terminal; problem bodies from the application are not explained', async () => {
    expect((await get('/nasty')).stderr).toBe('ajwt: 401 x\\u{1b}[31my: one\\u{a}two\\u{202e}three\n');
    expect((await get('/503-problem')).stderr).toBe('');
  });

  test('the command stops sending an endless body', async () => {
    const { code, stdout } = await shell(`yes | ajwt fetch -d @- --user ada ${url}/x`, { env });
    expect([code, JSON.parse(stdout).error]).toEqual([0, 'invalid_token']);
  });
});

describe('no response', () => {
  test.each<[string, () => string, string[], number, RegExp]>([
    [
      'nothing listens',
      () => 'http://127.0.0.1:1/',
      [],
      7,
      /^127\.0\.0\.1:1: cannot connect: nothing listens there \(ECONNREFUSED\)$/,
    ],
    [
      'no such host',
      () => 'http://nothing.invalid/',
      [],
      6,
      /^nothing\.invalid: the host name cannot be resolved \(E\w+\)$/,
    ],
    ['no URL', () => 'http://[::', [], 3, /^not a valid absolute URL; write https:\/\/host\/path$/],
    ['no scheme', () => 'localhost:8080/x', [], 3, /^not a valid absolute URL/],
    ['another scheme', () => 'ftp://a.example/', [], 1, /^ftp:\/\/ is not supported/],
    ['a loop of redirects', () => '/loop', [], 47, /^more than 20 redirects$/],
    [
      'a redirect to another origin',
      () => '/away',
      [],
      1,
      /redirects to http:\/\/elsewhere\.invalid; signed requests stay on their origin/,
    ],
    ['a redirect of a stream', () => '/moved', ['-d', '@-'], 65, /redirects a request whose body was a stream/],
    [
      'the connection is dropped',
      () => '/drop',
      [],
      52,
      /^127\.0\.0\.1:\d+: the server closed the connection without a response/,
    ],
    ['the response ends early', () => '/cut', [], 18, /^127\.0\.0\.1:\d+: the response ended early/],
    [
      'TLS on a port without TLS',
      () => url.replace('http:', 'https:'),
      [],
      35,
      /TLS failed; if the server does not use TLS on this port, write http:\/\/ \(/,
    ],
    ['a file that cannot be written', () => '/x', ['-o', '/nowhere/x'], 23, /^-o: cannot write \/nowhere\/x: ENOENT$/],
  ])('%s', async (_name, target, args, code, line) => {
    const outcome = await get(target(), args, { input: 'body' });
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toMatch(/^ajwt: [^\n]+\n$/);
    expect(outcome.stderr.slice('ajwt: '.length, -1)).toMatch(line);
  });

  test('names the proxy that is down, not the server behind it', async () => {
    const proxied = { ...env, http_proxy: 'http://127.0.0.1:1' };
    const { code, stderr } = await get('http://192.0.2.1:8080/', [], { env: proxied });
    expect([code, stderr]).toEqual([
      7,
      'ajwt: proxy 127.0.0.1:1: cannot connect: nothing listens there (ECONNREFUSED)\n',
    ]);
  });

  test('does not load the global fetch of Node, which takes as long to load as the rest of the command', async () => {
    const count = 'process.moduleLoadList.filter((name) => /undici/.test(name)).length';
    writeFileSync(file('count.cjs'), `process.on('exit', () => console.log(${count}));`);
    const counting = { ...env, NODE_OPTIONS: `--require ${file('count.cjs')}` };
    expect(await ajwtProcess(['fetch', '-s', 'https://127.0.0.1:1/'], { env: counting })).toMatchObject({
      code: 7,
      stdout: '0\n',
    });
  });

  test('with -s, prints no message; the exit code is the same', async () => {
    expect(await get('http://127.0.0.1:1/', ['-s'])).toMatchObject({ code: 7, stdout: '', stderr: '' });
    expect(await get('/cut', ['-s'])).toMatchObject({ code: 18, stdout: 'begun', stderr: '' });
  });

  test('refuses a switch to another protocol', async () => {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n';
    const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.write(head)));
    const { code, stdout, stderr } = await get(await listen(server as never));
    expect([code, stdout]).toEqual([8, '']);
    expect(stderr).toMatch(
      /^ajwt: 127\.0\.0\.1:\d+: the server switched to another protocol without being asked \(status 101\)\n$/,
    );
    server.close();
  });

  test('refuses a response that is not HTTP', async () => {
    const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    const address = await listen(server as never);
    expect(await get(address)).toMatchObject({ code: 8, stderr: expect.stringContaining('the response is not HTTP') });
    server.close();
  });
});

describe.skipIf(lacks('openssl', 'version'))('https (needs openssl)', () => {
  test('refuses an unknown certificate with exit code 60, and accepts a known one', async () => {
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const out = ['-keyout', file('tls.key'), '-out', file('tls.pem')];
    runProgram('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...out]);
    const tls = { key: readFileSync(file('tls.key')), cert: readFileSync(file('tls.pem')) };
    const server = createTlsServer(tls, (_request, response) => response.end('over TLS'));
    const address = (await listen(server)).replace('http:', 'https:');
    expect(await get(address)).toMatchObject({
      code: 60,
      stderr: expect.stringContaining('--cacert FILE or NODE_EXTRA_CA_CERTS'),
    });
    const known = { ...env, NODE_EXTRA_CA_CERTS: file('tls.pem') };
    // Node reads this variable when it starts.
    expect(await ajwtProcess(['fetch', address], { env: known })).toMatchObject({ code: 0, stdout: 'over TLS' });
    server.close();
  });
});

describe('a usage error prints one line, exits with code 1, and sends nothing', () => {
  test.each([
    [['-f', '--fail-with-body'], 'give --fail or --fail-with-body, not both'],
    [['-H', 'no colon'], "-H: must be 'Name: value', on one line"],
    [['-H', 'X-A: hunter2\r\nX-B: 1'], "-H: must be 'Name: value', on one line"],
    [['-H', 'X-A: hunter2\u0007'], 'the value of the header X-A must not contain control characters'],
    [['-H', 'authorization: Bearer hunter2'], '-H: authorization cannot be set; ajwt sets it'],
    [['-H', 'Content-Length: 1'], '-H: Content-Length cannot be set; ajwt sets it'],
    [['-X', 'A B'], 'A B: not a supported request method'],
    [['-X', 'TRACE'], 'TRACE: not a supported request method'],
    [['-d', 'x', '-F', 'a=b'], 'give -d or -F, not both'],
    [['-F', 'a'], '-F: must be NAME=TEXT or NAME=@FILE'],
    [['-F', 'a=@-', '-F', 'b=<-'], '-F: standard input can be used only once'],
    [['-F', 'a=b;type=text/plain\r\nX-Evil: 1'], '-F: type and filename must not contain control characters'],
    [['-F', 'a=b', '-H', 'Content-Type: text/plain'], '-H: Content-Type cannot be set with -F'],
    [['-d', '@-', '-d', 'x'], '-d: standard input, a pipe or a file over 16 MiB cannot be combined with other data'],
    [['--audience', ''], '--audience: must not be empty'],
    [['--key', 'nowhere'], 'nowhere cannot be read: there is no such file (ENOENT)'],
    [['--key', 'ssh-agent'], 'SSH_AUTH_SOCK is not set; start an ssh-agent with `eval "$(ssh-agent)"`'],
    [
      ['http://other.example/'],
      'unexpected argument; `ajwt fetch` takes one argument and options; see `ajwt fetch --help`',
    ],
  ])('%j', async (args, message) => {
    const before = servers[0]?.seen.length;
    expect(await get('/x', args)).toMatchObject({ code: 1, stdout: '', stderr: `ajwt: ${message}\n` });
    expect(servers[0]?.seen.length).toBe(before);
  });

  test.each([
    [['-d', '@nowhere'], '-d: cannot read nowhere: there is no such file (ENOENT)'],
    [['-F', 'a=@nowhere'], '-F: cannot read nowhere: there is no such file (ENOENT)'],
    [['-F', 'a=</'], '-F: cannot read /: EISDIR'],
  ])('%j: a body that cannot be read exits with code 26', async (args, message) => {
    const before = servers[0]?.seen.length;
    expect(await get('/x', args)).toMatchObject({ code: 26, stdout: '', stderr: `ajwt: ${message}\n` });
    expect(servers[0]?.seen.length).toBe(before);
  });

  test('no URL, or a password in the URL', async () => {
    expect((await ajwt(['fetch'], { env })).stderr).toBe('ajwt: no URL; give one, such as https://host/path\n');
    const { code, stderr } = await get('http://guido:hunter2@127.0.0.1/');
    expect([code, stderr]).toEqual([1, expect.not.stringContaining('hunter2')]);
  });
});
