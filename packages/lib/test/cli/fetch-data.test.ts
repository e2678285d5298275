/** `ajwt fetch`: options for the body, the query and the headers, beside curl. */
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { ajwt, lacks, scratch } from 'ajwt-testkit/ajwt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { besideCurl, startEcho } from './beside-curl.ts';

const file = scratch();
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };
let server: Server;
let url = '';

beforeAll(async () => {
  writeFileSync(file('key'), (await PrivateKey.generate()).toPem());
  writeFileSync(file('text'), 'a b&c=é');
  writeFileSync(file('empty'), '');
  writeFileSync(file('with space'), 'x');
  ({ server, url } = await startEcho({
    '/fails': (_request, response) => response.writeHead(404).end('no'),
  }));
});
afterAll(() => {
  server.close();
});

const fill = (text: string) => text.replace(/FILE:([\w ]+)/g, (_, name) => file(name)).replace('URL', url);

describe.skipIf(lacks('curl', '--version'))('sends the same request and has the same exit code as curl', () => {
  test.each<[string, string[], string?]>([
    ['-d, twice', ['-d', 'a=1', '-d', 'b=2', 'URL/x']],
    ['--data-raw', ['--data-raw', '@nowhere', '-d', 'b', 'URL/x']],
    ['--data-binary, a file', ['--data-binary', '@FILE:text', 'URL/x']],
    [
      '--data-urlencode, each form',
      ['n=a b&', 'x y', '=e=f', 'a b~-_.!*é', 'n@FILE:text', '@FILE:text']
        .flatMap((one) => ['--data-urlencode', one])
        .concat('URL/x'),
    ],
    ['--data-urlencode, standard input', ['--data-urlencode', 'n@-', 'URL/x'], 'a b\n'],
    [
      'options of different kinds, in the order given',
      ['--data-urlencode', 'a= ', '-d', 'b', '--data-raw', 'c', '--data-binary', 'd', '-d', 'e', 'URL/x'],
    ],
    ['--json', ['--json', '{"a":1}', 'URL/x']],
    ['--json in pieces', ['--json', '{"a":', '--json', '1}', 'URL/x']],
    ['--json after -d', ['-d', 'x', '--json', 'y', 'URL/x']],
    ['-d after --json', ['--json', 'y', '-d', 'x', 'URL/x']],
    [
      '--json, a file and other headers',
      ['--json', '@FILE:text', '-H', 'Accept: text/plain', '-H', 'content-type: a/b', '-X', 'PUT', 'URL/x'],
    ],
    ['-G', ['-G', '-d', 'a=1', '--data-urlencode', 'b=c d', 'URL/x']],
    ['-G, a query', ['-G', '-d', 'a=1', 'URL/x?y=2']],
    ['-G without data', ['-G', 'URL/x']],
    ['-G and a space', ['-G', '-d', 'a b', 'URL/x']],
    ['-G and -X', ['-G', '-X', 'DELETE', '-d', 'a', 'URL/x']],
    ['-G and --json', ['-G', '--json', 'a', 'URL/x']],
    ['-T', ['-T', 'FILE:text', 'URL/x']],
    ['-T to a folder', ['-T', 'FILE:with space', 'URL/up/']],
    ['-T to a host', ['-T', 'FILE:text', 'URL']],
    ['-T, an empty file', ['-T', 'FILE:empty', 'URL/x']],
    ['-T, standard input', ['-T', '-', 'URL/x'], 'from a pipe'],
    ['-T, -X POST and a type', ['-T', 'FILE:text', '-X', 'POST', '-H', 'Content-Type: text/plain', 'URL/x']],
    ['-T, missing file', ['-T', 'FILE:nowhere', 'URL/x']],
    ['-A', ['-A', 'me/1.0', 'URL/x']],
    ['-A, empty', ['-A', '', 'URL/x']],
    ['-A and -H', ['-A', 'me', '-H', 'User-Agent: you', 'URL/x']],
    ['-e', ['-e', 'http://from.test/é', 'URL/x']],
    ['-b', ['-b', 'a=1; b=2', 'URL/x']],
    ['--url', ['--url', 'URL/x?y']],
    ['-L, --http1.1', ['-L', '--http1.1', 'URL/x']],
    ['-sS', ['-sS', 'URL/x']],
    ['-sSf', ['-sSf', 'URL/fails']],
  ])('%s', async (_name, args, input = '') => {
    const { curl, ours } = await besideCurl(args.map(fill), { env, input });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
    expect(ours.stderr === '').toBe(ours.code === 0);
  });

  test.each([['-I'], ['--head', '-G', '-d', 'a']])('-I prints the response headers: %j %j', async (...options) => {
    const { curl, ours } = await besideCurl([...options, `${url}/x`], { env });
    const lasting = (text: string) => text.replace(/^(?:date|connection|keep-alive):.*\r\n/gim, '');
    expect([ours.code, lasting(ours.stdout)]).toEqual([curl.code, lasting(curl.stdout)]);
    expect(ours.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('-A sends exactly the bytes of the text', async () => {
    const agents: (string | undefined)[] = [];
    const echo = await startEcho({
      '/agent': ({ headers }, response) => {
        agents.push(headers['user-agent']);
        response.end();
      },
    });
    await besideCurl(['-A', 'Жук 1.0', `${echo.url}/agent`], { env });
    await ajwt(['fetch', '-A', '', `${echo.url}/agent`], { env });
    echo.server.close();
    expect(agents[0]).toBe(agents[1]);
    expect(agents[2]).toBe(undefined);
  });
});

test('-S prints errors despite -s', async () => {
  expect(await ajwt(['fetch', '-s', '-f', `${url}/fails`], { env })).toMatchObject({ code: 22, stderr: '' });
  expect(await ajwt(['fetch', '-sSf', `${url}/fails`], { env })).toMatchObject({
    code: 22,
    stderr: 'ajwt: 404 Not Found\n',
  });
  expect((await ajwt(['fetch', '-sS', 'http://127.0.0.1:1/'], { env })).stderr).toMatch(
    /^ajwt: 127\.0\.0\.1:1: cannot connect/,
  );
});

test('--data-urlencode sends nothing if its file is missing; curl sends an empty value', async () => {
  const { code, stderr } = await ajwt(['fetch', '--data-urlencode', 'a@nowhere', `${url}/x`], { env });
  expect([code, stderr]).toEqual([26, 'ajwt: --data-urlencode: cannot read nowhere: there is no such file (ENOENT)\n']);
});

test('a token is bound to the query that -G adds and the file name that -T adds', async () => {
  const bound: unknown[] = [];
  const note = (request: { url?: string; headers: { authorization?: string } }, response: { end(): void }) => {
    const payload = request.headers.authorization?.split('.')[1] ?? '';
    bound.push([request.url, JSON.parse(Buffer.from(payload, 'base64url').toString()).bind.target]);
    response.end();
  };
  const echo = await startEcho({ '/x?a=1&b=%C3%A9': note as never, '/with%20space': note as never });
  await ajwt(['fetch', '--bind', '-G', '-d', 'b=é', `${echo.url}/x?a=1`], { env });
  await ajwt(['fetch', '--bind', '-T', file('with space'), echo.url], { env });
  echo.server.close();
  expect(bound).toEqual([
    ['/x?a=1&b=%C3%A9', '/x?a=1&b=%C3%A9'],
    ['/with%20space', '/with%20space'],
  ]);
});

test.each([
  [['-d', 'x', '-T', 'y'], 'give -d or -T, not both'],
  [['-I', '-d', 'x'], 'give -d or -I, not both'],
  [['-b', 'cookies.txt'], '-b: must be NAME=VALUE; cookie files are not supported'],
  [['-b', 'a=1\r\nX-Evil: 1'], 'the value of the header cookie must not contain control characters'],
  [['-A', 'a\r\nX-Evil: 1'], 'the value of the header user-agent must not contain control characters'],
  [['-e', 'a\nb'], 'the value of the header referer must not contain control characters'],
  [['-e', 'http://a;auto'], '-e: ;auto is not supported'],
  [['-G', '-d', '@-'], '-G: standard input, a pipe or a file over 16 MiB cannot be a query'],
  [
    ['--json', '@-', '-d', 'x'],
    '--json: standard input, a pipe or a file over 16 MiB cannot be combined with other data',
  ],
  [['--url', 'http://a.test/'], 'give one URL; each request needs its own token'],
])('%j is a usage error, and nothing is sent', async (args, message) => {
  expect(await ajwt(['fetch', ...args, `${url}/x`], { env })).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `ajwt: ${message}\n`,
  });
});
