/** `ajwt fetch`: what it sends, and what it prints. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { ajwt, finish, type InProcessOptions, scratch, shell, start } from 'ajwt-testkit/ajwt';
import { BINARY, type FetchServer, startServer } from 'ajwt-testkit/fetch-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';

const file = scratch();
let plain: FetchServer;
let bound: FetchServer;
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };

beforeAll(async () => {
  const key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  plain = await startServer(key.publicKey);
  bound = await startServer(key.publicKey, { require: ['aud', 'htm', 'target'] });
});
beforeEach(() => {
  plain.seen.length = 0;
});
afterAll(() => {
  for (const { server } of [plain, bound]) server.close();
});

const get = (path: string, args: readonly string[] = [], options: InProcessOptions = {}) =>
  ajwt(['fetch', ...args, `${plain.url}${path}`], { env, ...options });

describe('the request', () => {
  test('is signed with the key from an option or from the environment', async () => {
    const good = { code: 0, stdout: 'hello guido\n', stderr: '' };
    expect(await get('/me?x=1')).toMatchObject(good);
    expect(await ajwt(['fetch', '--user', 'guido', '--key', file('key'), `${plain.url}/me`])).toMatchObject(good);
    expect(plain.seen[0]).toMatchObject({
      method: 'GET',
      url: '/me?x=1',
      headers: { accept: '*/*', 'user-agent': 'ajwt' },
    });
    expect(plain.seen[0]?.headers['content-length']).toBeUndefined();
  });

  test('is signed with a key from standard input, which then cannot contain the body', async () => {
    const input = readFileSync(file('key'));
    const fromInput = (...args: string[]) =>
      ajwt(['fetch', '--user', 'guido', '--key', '-', ...args, `${plain.url}/x`], { input });
    expect(await fromInput('-d', 'body')).toMatchObject({ code: 0, stdout: 'hello guido\n', stderr: '' });
    for (const args of [
      ['-d', '@-'],
      ['-F', 'file=@-'],
      ['-T', '-'],
      ['--json', '@-'],
      ['--data-urlencode', '@-'],
    ]) {
      expect(await fromInput(...args)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: 'ajwt: --key - already reads standard input; use a file for one of the two\n',
      });
    }
    expect(plain.seen.length).toBe(1);
  });

  test('has the method given with -X', async () => {
    for (const method of ['DELETE', 'PATCH', 'patch', 'OPTIONS', 'PUT']) await get('/x', ['-X', method]);
    await get('/x', ['--request=PURGE']);
    expect(plain.seen.map(({ method }) => method)).toEqual(['DELETE', 'PATCH', 'PATCH', 'OPTIONS', 'PUT', 'PURGE']);
    expect(await get('/x', ['-XHEAD'])).toMatchObject({ code: 0, stdout: '' });
  });

  test('joins repeated headers into one list, and cookies in their own syntax', async () => {
    await get('/x', ['-H', 'Cookie: a=1', '-H', 'Cookie: b=2', '-H', 'X-Two: 1', '-H', 'X-Two: 2']);
    expect(plain.seen[0]?.headers).toMatchObject({ cookie: 'a=1; b=2', 'x-two': '1, 2' });
  });

  test('has the headers given with -H, in the syntax of curl', async () => {
    await get('/x', [
      '-H',
      'X-Name: Жук',
      '-H',
      'X-Two: 1',
      '--header',
      'x-two:2',
      '-HUser-Agent: me',
      '-H',
      'Accept:',
      '-H',
      'X-Empty;',
    ]);
    const headers = plain.seen[0]?.headers ?? {};
    expect(Buffer.from(String(headers['x-name']), 'latin1').toString()).toBe('Жук');
    expect([headers['x-two'], headers['user-agent'], headers['x-empty'], headers.accept]).toEqual([
      '1, 2',
      'me',
      '',
      undefined,
    ]);
  });

  test('has the body given with -d, and is then a form POST by default', async () => {
    await get('/x', ['-d', 'a=1']);
    await get('/x', ['-d', 'a=1', '-d', 'b=2', '--data', '']);
    await get('/x', ['-d', '{"a":"ж"}', '-H', 'content-type: application/json', '-X', 'PUT']);
    await get('/x', ['-d', '']);
    await get('/search', ['-X', 'GET', '-d', '{"query":1}']);
    expect(
      plain.seen.map(({ method, headers, body }) => [
        method,
        headers['content-type'],
        headers['content-length'],
        body.toString(),
      ]),
    ).toEqual([
      ['POST', 'application/x-www-form-urlencoded', '3', 'a=1'],
      ['POST', 'application/x-www-form-urlencoded', '8', 'a=1&b=2&'],
      ['PUT', 'application/json', '10', '{"a":"ж"}'],
      ['POST', 'application/x-www-form-urlencoded', '0', ''],
      ['GET', 'application/x-www-form-urlencoded', '11', '{"query":1}'],
    ]);
  });

  test('has the bytes of a file or standard input', async () => {
    const bytes = Buffer.concat([Buffer.from('line\r\n\0\n'), BINARY, Buffer.from('\n')]);
    writeFileSync(file('body'), bytes);
    await get('/x', ['-d', `@${file('body')}`]);
    await get('/x', ['-d', '@-'], { input: bytes });
    await shell(`ajwt fetch -d @<(cat '${file('body')}') ${plain.url}/x`, { env });
    expect(plain.seen.map(({ body }) => body.equals(bytes))).toEqual([true, true, true]);
    expect(plain.seen.map(({ headers }) => headers['content-length'])).toEqual([
      String(bytes.length),
      undefined,
      undefined,
    ]);
  });

  test('streams a large file, with its length', async () => {
    const bytes = randomBytes(20 * 2 ** 20);
    writeFileSync(file('large'), bytes);
    expect(await get('/x', ['-d', `@${file('large')}`])).toMatchObject({ code: 0, stderr: '' });
    expect(plain.seen[0]?.headers['content-length']).toBe(String(bytes.length));
    expect(plain.seen[0]?.body.equals(bytes)).toBe(true);
  });

  test('sends standard input as it arrives', async () => {
    const coming = plain.slow();
    const child = start(['fetch', '-d', '@-', `${plain.url}/slow`], { env });
    const finished = finish(child);
    child.stdin?.write('first');
    const [request, response] = await coming;
    expect(String((await once(request, 'data'))[0])).toBe('first');
    // The rest, 64 MiB, follows only after the first piece has arrived.
    const hash = createHash('sha256');
    const expected = createHash('sha256');
    request.on('data', (chunk) => hash.update(chunk));
    const piece = randomBytes(2 ** 20);
    for (let count = 0; count < 64; count++) {
      expected.update(piece);
      if (child.stdin?.write(piece) === false) await once(child.stdin, 'drain');
    }
    child.stdin?.end();
    await once(request, 'end');
    response.end('done');
    expect(await finished).toMatchObject({ code: 0, stdout: 'done' });
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });
});

describe('--bind and --audience', () => {
  const fetchBound = (...args: string[]) => ajwt(['fetch', ...args], { env });

  test('a server that requires binding accepts requests only with --bind', async () => {
    const url = `${bound.url}/a%20b?x=%C3%A4&y`;
    expect((await fetchBound(url)).stderr).toMatch(/^ajwt: 401 binding_required: /);
    expect((await fetchBound('--bind', url)).stdout).toBe('hello guido\n');
    expect((await fetchBound('--bind', '-d', 'x', `${bound.url}/ä b`)).stdout).toBe('hello guido\n');
  });

  test('AJWT_BIND=1 is the same as --bind', async () => {
    const boundEnv = { env: { ...env, AJWT_BIND: '1' } };
    expect((await ajwt(['fetch', `${bound.url}/x`], boundEnv)).stdout).toBe('hello guido\n');
    expect((await ajwt(['fetch', `${bound.url}/x`], { env: { ...env, AJWT_BIND: '0' } })).stderr).toMatch(
      /^ajwt: 401 binding_required: .* Add --bind, /,
    );
  });

  test('--audience replaces the origin', async () => {
    expect((await fetchBound('--bind', '--audience', 'https://other.example', bound.url)).stderr).toMatch(
      /^ajwt: 401 wrong_audience: /,
    );
    expect((await fetchBound('--bind', '--audience', bound.url, bound.url)).stdout).toBe('hello guido\n');
    expect((await get('/x', ['--audience', plain.url])).stdout).toBe('hello guido\n');
    expect((await get('/x', ['--audience', 'https://other.example'])).stderr).toMatch(/wrong_audience/);
  });
});

describe('redirects within the origin', () => {
  test('are followed, with a new token for each hop', async () => {
    expect(await get('/moved', ['--bind', '-d', 'body'])).toMatchObject({ code: 0, stdout: 'hello guido\n' });
    expect(plain.seen.map(({ method, url, body }) => `${method} ${url} ${body}`)).toEqual([
      'POST /moved body',
      'POST /echo?moved body',
    ]);
  });
});

describe('the response', () => {
  test('is printed unchanged, compressed or not', async () => {
    for (const path of ['/binary', '/gzip']) {
      const { code, bytes } = await get(path);
      expect([code, bytes.equals(BINARY)]).toEqual([0, true]);
    }
    expect(await get('/empty')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await get('/204')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('is written to the file given with -o', async () => {
    expect(await get('/binary', ['-o', file('out')])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(file('out')).equals(BINARY)).toBe(true);
    await get('/empty', ['--output', file('out')]);
    expect(readFileSync(file('out')).length).toBe(0);
    expect((await get('/x', ['-o', '-'])).stdout).toBe('hello guido\n');
  });

  test('begins with the status line and headers, as received, with -i', async () => {
    const { stdout } = await get('/cookies', ['-i']);
    expect(stdout).toMatch(
      /^HTTP\/1\.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: [^\n]*\r\n(.*\r\n)*\r\ntwo$/,
    );
    expect((await get('/204', ['--include'])).stdout).toMatch(/^HTTP\/1\.1 204 No Content\r\n(.+\r\n)+\r\n$/);
  });

  test('is printed as it arrives', async () => {
    const coming = plain.slow();
    const child = start(['fetch', `${plain.url}/slow`], { env });
    const finished = finish(child);
    const [, response] = await coming;
    response.write('first ');
    const [printed] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    expect(printed.toString()).toBe('first ');
    response.end('second');
    expect(await finished).toMatchObject({ code: 0, stdout: 'first second' });
  });

  test('ends without an error when the reader closes the pipe', async () => {
    const { code, stdout, stderr } = await shell(
      `set -o pipefail; ajwt fetch ${plain.url}/binary | head -c 3 | wc -c`,
      { env },
    );
    expect([code, stdout.trim(), stderr]).toEqual([0, '3', '']);
  });
});
