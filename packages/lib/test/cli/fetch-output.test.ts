/** `ajwt fetch`: options for what is printed and written, beside curl. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { resolve } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { ajwt, ajwtProcess, lacks, scratch } from 'ajwt-testkit/ajwt';
import { listen } from 'ajwt-testkit/listen';
import { OTHER_NODES } from 'ajwt-testkit/nodes';
import { commandEnvironment } from 'ajwt-testkit/program';
import { mustRun } from 'ajwt-testkit/run';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { besideCurl, startEcho } from './beside-curl.ts';

const AJWT = resolve('packages/lib/src/cli/ajwt.ts');
const file = scratch();
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };
let server: Server;
let url = '';

const TEXT = 'compress me '.repeat(1000);
const encoded =
  (names: string, body: Uint8Array): RequestListener =>
  (request, response) => {
    response.setHeader('x-asked', String(request.headers['accept-encoding'] !== undefined));
    response.setHeader('content-encoding', names).end(body);
  };
/** Compresses a text several times. */
function gzipTimes(times: number, text: string): Uint8Array {
  return Array.from({ length: times }).reduce<Uint8Array>((bytes) => gzipSync(bytes), Buffer.from(text));
}
const disposed =
  (disposition: string): RequestListener =>
  (_request, response) =>
    response.setHeader('content-disposition', disposition).end('disposed');

beforeAll(async () => {
  writeFileSync(file('key'), (await PrivateKey.generate()).toPem());
  writeFileSync(file('format'), 'code\n%{http_code}\r\n');
  ({ server, url } = await startEcho({
    '/404': (_request, response) => response.writeHead(404, { 'x-two': ['a', 'b'] }).end('no\n'),
    '/typed': (_request, response) => response.setHeader('content-type', 'a/b; c').end('typed'),
    '/moved': (_request, response) => response.writeHead(302, { location: '/typed' }).end('moved'),
    '/loop': (_request, response) => response.writeHead(302, { location: '/loop' }).end(),
    '/away': (_request, response) => response.writeHead(302, { location: 'http://elsewhere.test/x' }).end(),
    '/drop': (_request, response) => response.destroy(),
    '/cut': (_request, response) =>
      response.writeHead(200, { 'content-length': 100 }).write('begun', () => response.destroy()),
    '/gzip': encoded('gzip', gzipSync(TEXT)),
    '/deflate': encoded('deflate', deflateSync(TEXT)),
    '/br': encoded('br', brotliCompressSync(TEXT)),
    '/zstd': encoded('zstd', zstdCompressSync(TEXT)),
    '/twice': encoded('gzip, br', brotliCompressSync(gzipSync(TEXT))),
    '/identity': encoded('identity', Buffer.from(TEXT)),
    '/unknown': encoded('snappy', Buffer.from(TEXT)),
    '/five': encoded('gzip, gzip, gzip, gzip, gzip', gzipTimes(5, TEXT)),
    '/six': encoded('gzip, gzip, gzip, gzip, gzip, gzip', gzipTimes(6, TEXT)),
    '/thousands': encoded('gzip,'.repeat(2500), Buffer.from('abc')),
    '/garbage': encoded('gzip', Buffer.from(TEXT)),
    '/disposed': disposed('attachment; filename="the report.pdf"'),
    '/disposed-bare': disposed('attachment;filename=bare.txt'),
    '/disposed-path': disposed('attachment; filename="../../up/x.txt"'),
    '/disposed-backslash': disposed(String.raw`attachment; filename="..\\up\\y.txt"`),
    '/disposed-dot': disposed('attachment; filename=".bashrc"'),
    '/disposed-dots': disposed('attachment; filename="../.."'),
    // U+009B in UTF-8, which some terminals read as the start of an escape sequence.
    '/disposed-control': disposed('attachment; filename="a\xc2\x9b31m.txt"'),
    '/disposed-nothing': disposed('attachment'),
    '/disposed-taken': disposed('attachment; filename=taken'),
  }));
});
afterAll(() => {
  server.close();
});

const fill = (text: string) => text.replace(/FILE:(\w+)/g, (_, name) => file(name)).replace('URL', url);

const SAME = [
  'http_code',
  'response_code',
  'method',
  'content_type',
  'num_redirects',
  'num_headers',
  'num_connects',
  'size_download',
  'size_header',
  'scheme',
  'url',
  'url_effective',
  'http_version',
  'exitcode',
  'http_connect',
  'remote_ip',
  'remote_port',
  'local_ip',
  'filename_effective',
  'redirect_url',
  'time_appconnect',
];

describe.skipIf(lacks('curl', '--version'))('-w prints the same as curl, with the same body and exit code', () => {
  const format = SAME.map((name) => `${name}=%{${name}}\\n`).join('');
  test.each([
    ['a body', ['URL/typed']],
    ['a body in a file', ['-o', 'FILE:out', 'URL/typed']],
    ['a POST', ['-d', 'a=1', 'URL/typed']],
    ['a HEAD', ['-I', '-o', 'FILE:out', 'URL/typed']],
    ['-f', ['-f', 'URL/404']],
    ['--fail-with-body', ['--fail-with-body', 'URL/404']],
    ['a malformed response', ['URL/drop']],
    ['a response that ends early', ['URL/cut']],
    ['-D', ['-D', 'FILE:head', 'URL/404']],
  ])('%s', async (_name, args) => {
    const both = await besideCurl(['-w', format, ...args.map(fill)], { env });
    expect([both.ours.code, both.ours.stdout]).toEqual([both.curl.code, both.curl.stdout]);
  });

  test('a redirect', async () => {
    // One connection per hop: curl uses the first one again.
    const names = SAME.filter((name) => name !== 'num_connects');
    const { curl, ours } = await besideCurl(['-L', '-w', names.map((name) => `%{${name}} `).join(''), `${url}/moved`], {
      env,
    });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
  });

  test.each([
    ['\\n\\r\\t%% \\x %x 100% %{ %', '/typed'],
    ['%{http_code}%{stderr}%{method}%{stdout}%{size_download}', '/typed'],
    ['a%{onerror}b', '/typed'],
    ['a%{onerror}b', '/cut'],
    ['%header{X-Two} %header{none}|', '/404'],
    ['@FILE:format', '/404'],
    ['%{size_upload} %{exitcode}', '/typed'],
  ])('%j', async (format, path) => {
    const { curl, ours } = await besideCurl(['-w', fill(format), `${url}${path}`], { env });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
  });

  test('no connection', async () => {
    const format =
      '%{http_code} %{exitcode} %{num_connects} %{http_version} %{remote_ip}|%{scheme}|%{url_effective}|%{content_type}';
    const { curl, ours } = await besideCurl(['-w', format, 'http://127.0.0.1:1'], { env });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
  });

  test('header_json has the same headers', async () => {
    const { curl, ours } = await besideCurl(['-o', file('out'), '-w', '%{header_json}', `${url}/404`], { env });
    const without = ({ stdout }: { stdout: string }) => ({ ...JSON.parse(stdout), date: undefined });
    expect(without(ours)).toEqual(without(curl));
  });

  for (const { version, program, isMissing } of OTHER_NODES) {
    test.skipIf(isMissing)(`header_json has a header named __proto__ on Node ${version}`, async () => {
      const raw = createTcp((socket) => {
        socket.on('error', () => {});
        socket.once('data', () =>
          socket.end('HTTP/1.1 200 OK\r\n__proto__: a\r\n__PROTO__: b\r\nContent-Length: 0\r\n\r\n'),
        );
      });
      const address = await listen(raw as never);
      const words = ['fetch', '-w', '%{header_json} %header{__proto__}', address];
      const printed = await mustRun(program, ['--conditions=source', AJWT, ...words], { env: commandEnvironment(env) });
      raw.close();
      expect(printed).toBe('{"__proto__":["a","b"],\n"content-length":["0"]\n} a');
    });
  }

  test('json has the variables of curl, with values of the same types', async () => {
    const { curl, ours } = await besideCurl(['-o', file('out'), '-w', '%{json}', `${url}/typed`], { env });
    const [theirs, values] = [JSON.parse(curl.stdout), JSON.parse(ours.stdout)];
    for (const [name, value] of Object.entries(values))
      expect([name, typeof value]).toEqual([name, typeof theirs[name]]);
    expect(Object.keys(values).length).toBeGreaterThan(30);
  });
});

test('-w prints times in seconds with six decimals, in order', async () => {
  const names = ['namelookup', 'connect', 'pretransfer', 'starttransfer', 'total'];
  const { stdout } = await ajwt(
    ['fetch', '-o', file('out'), '-w', names.map((name) => `%{time_${name}} `).join(''), `${url}/x`],
    { env },
  );
  expect(stdout).toMatch(/^(?:\d+\.\d{6} ){5}$/);
  const times = stdout.trim().split(' ').map(Number);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(times.at(-1)).toBeGreaterThan(0);
});

test('-w warns about an unknown variable, and prints the error for a redirect to another origin', async () => {
  const format = '%{nosuch}%{exitcode} %{redirect_url} %{errormsg}';
  const { code, stdout, stderr } = await ajwt(['fetch', '-s', '-w', format, `${url}/away`], { env });
  expect([code, stderr]).toEqual([1, 'ajwt: -w: unknown variable nosuch\n']);
  expect(stdout).toMatch(/^1 http:\/\/elsewhere\.test\/x .*signed requests stay on their origin/);
});

describe.skipIf(lacks('curl', '--version'))('-D and -i print the same heads as curl', () => {
  const lasting = (text: string) => text.replace(/^(?:date|connection|keep-alive):.*\r\n/gim, '');
  test.each([
    [['-D', '-', '/404']],
    [['-D', '-', '-o', 'FILE:out', '/typed']],
    [['-L', '-D', '-', '/moved']],
    [['-L', '-i', '/moved']],
    [['-L', '-s', '-i', '--max-redirs', '20', '/loop']],
    [['-f', '-D', '-', '/404']],
  ])('%j', async (args) => {
    const theirs = [...args.slice(0, -1).map(fill), `${url}${args.at(-1)}`];
    const { curl, ours } = await besideCurl(
      theirs.filter((one) => one !== '--max-redirs' && one !== '20'),
      { env, theirs },
    );
    expect([ours.code, lasting(ours.stdout)]).toEqual([curl.code, lasting(curl.stdout)]);
  });

  test('-D writes a file, and reports a file that cannot be written', async () => {
    await ajwt(['fetch', '-D', file('head'), `${url}/404`], { env });
    expect(readFileSync(file('head'), 'latin1')).toMatch(
      /^HTTP\/1\.1 404 Not Found\r\nx-two: a\r\nx-two: b\r\n(?:.+\r\n)+\r\n$/,
    );
    expect(await ajwt(['fetch', '-D', '/nowhere/x', `${url}/404`], { env })).toMatchObject({
      code: 23,
      stderr: 'ajwt: -D: cannot write /nowhere/x: ENOENT\n',
    });
  });
});

describe('-O and -J', () => {
  /** Runs the command in a new folder, where the file `taken` exists. */
  async function save(name: string, args: string[]) {
    const cwd = file(`folder-${name}`);
    mkdirSync(`${cwd}/inner`, { recursive: true });
    writeFileSync(`${cwd}/inner/taken`, 'before');
    const outcome = await ajwtProcess(['fetch', ...args.map(fill)], { env, cwd: `${cwd}/inner` });
    expect(readdirSync(cwd)).toEqual(['inner']);
    expect(readFileSync(`${cwd}/inner/taken`, 'utf8')).toBe('before');
    return { ...outcome, files: readdirSync(`${cwd}/inner`).filter((one) => one !== 'taken') };
  }

  test.each<[string, string[], string]>([
    ['url', ['-O', 'URL/a/typed%20x?y=z#f'], 'typed%20x'],
    ['json', ['-OJ', 'URL/disposed'], 'the report.pdf'],
    ['bare', ['-OJ', 'URL/disposed-bare'], 'bare.txt'],
    ['path', ['-OJ', 'URL/disposed-path'], 'x.txt'],
    ['backslash', ['-OJ', 'URL/disposed-backslash'], 'y.txt'],
    ['nothing', ['-OJ', 'URL/disposed-nothing'], 'disposed-nothing'],
  ])('%s: %j writes a file in this folder', async (name, args, expected) => {
    const { code, stdout, stderr, files } = await save(name, [...args, '-w', '%{filename_effective}']);
    expect([code, stdout, stderr, files]).toEqual([0, expected, '', [expected]]);
  });

  test.each<[string, string[], string]>([
    ['slash', ['-O', 'URL/'], 'the URL does not end with the name of a file; give -o FILE'],
    ['hidden', ['-O', 'URL/.bashrc'], 'the name of the file begins with a dot; give -o FILE'],
    ['dot', ['-OJ', 'URL/disposed-dot'], 'the name of the file begins with a dot; give -o FILE'],
    ['dots', ['-OJ', 'URL/disposed-dots'], 'the name of the file begins with a dot; give -o FILE'],
    ['control', ['-OJ', 'URL/disposed-control'], 'the name of the file contains control characters; give -o FILE'],
    ['exists', ['-O', 'URL/taken'], 'taken exists, and -O never overwrites a file; give -o FILE'],
    ['named', ['-OJ', 'URL/disposed-taken'], './taken exists, and -O never overwrites a file; give -o FILE'],
  ])('%s: %j writes nothing', async (name, args, message) => {
    const { code, stderr, files } = await save(name, args);
    expect([code, stderr, files]).toEqual([23, `ajwt: -O: ${message}\n`, []]);
  });

  test('with -f, a failed request creates no file', async () => {
    const { code, files } = await save('failed', ['-f', '-O', 'URL/404']);
    expect([code, files]).toEqual([22, []]);
  });
});

describe.skipIf(lacks('curl', '--version'))('--compressed decodes the same as curl', () => {
  test.each([
    'gzip',
    'deflate',
    'br',
    'zstd',
    'twice',
    'five',
    'six',
    'thousands',
    'identity',
    'typed',
    '404',
    'unknown',
    'garbage',
  ])('%s', async (name) => {
    const args = ['--compressed', '-w', '\\n%{size_download} %header{x-asked}', `${url}/${name}`];
    const both = await besideCurl(args, { env });
    const { ours } = both;
    expect(ours.code).toBe(both.curl.code);
    if (ours.code === 0) expect(ours.stdout).toBe(both.curl.stdout);
    if (['gzip', 'deflate', 'br', 'zstd', 'twice', 'five'].includes(name))
      expect(ours.stdout.startsWith(TEXT)).toBe(true);
  });

  test('without --compressed, the response is not decoded', async () => {
    expect((await ajwt(['fetch', `${url}/gzip`], { env })).bytes.equals(gzipSync(TEXT))).toBe(true);
  });
});

test.each([
  [['-O', '-o', 'x'], 'give -o or -O, not both'],
  [['-O', '-J', '-i'], '-J cannot be combined with -i or -I'],
])('%j is a usage error', async (args, message) => {
  expect(await ajwt(['fetch', ...args, `${url}/x`], { env })).toMatchObject({ code: 1, stderr: `ajwt: ${message}\n` });
  expect(existsSync('x')).toBe(false);
});
