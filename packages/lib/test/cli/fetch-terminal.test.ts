/** What `ajwt fetch` prints besides the response: headers with `-v`, and progress on a terminal. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ajwt, finish, lacks, scratch, startOnTerminal } from 'ajwt-testkit/ajwt';
import { type FetchServer, startServer } from 'ajwt-testkit/fetch-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { progressLine } from '../../src/cli/fetch/progress.ts';
import { PrivateKey } from '../../src/index.ts';

const file = scratch();
let server: FetchServer;
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };

beforeAll(async () => {
  const key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  server = await startServer(key.publicKey);
});
afterAll(() => {
  server.server.close();
});

describe('-v', () => {
  test('prints both heads in the format of curl, without the token', async () => {
    const { stdout, stderr } = await ajwt(['fetch', '-v', '-H', 'X-Name: ж', '-d', 'a=1', `${server.url}/cookies`], {
      env,
    });
    expect(stdout).toBe('two');
    const { port } = new URL(server.url);
    expect(stderr.replace(/^< (date|connection|keep-alive|transfer-encoding): .*\n/gim, '')).toBe(
      [
        `* connected to 127.0.0.1 (127.0.0.1), port ${port}`,
        '> POST /cookies HTTP/1.1',
        '> accept: */*',
        '> authorization: JWT [redacted]',
        '> content-type: application/x-www-form-urlencoded',
        '> user-agent: ajwt',
        '> x-name: ж',
        '> content-length: 3',
        '> connection: keep-alive',
        `> Host: 127.0.0.1:${port}`,
        '>',
        '< HTTP/1.1 200 OK',
        '< Set-Cookie: a=1',
        '< Set-Cookie: b=2',
        '< Content-Length: 3',
        '<',
        '',
      ].join('\n'),
    );
  });

  test('prints each hop', async () => {
    const { stderr } = await ajwt(['fetch', '-v', `${server.url}/moved`], { env });
    expect(stderr.match(/^[<>] (?:GET|HTTP).*$/gm)).toEqual([
      '> GET /moved HTTP/1.1',
      '< HTTP/1.1 307 Temporary Redirect',
      '> GET /echo?moved HTTP/1.1',
      '< HTTP/1.1 200 OK',
    ]);
  });

  test('hides a token or signature that the server sends back', async () => {
    const { stdout, stderr } = await ajwt(['fetch', '-v', `${server.url}/reflect`], { env });
    const token = stdout.trim();
    expect(token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(stderr).toContain('< X-Token: [redacted]\n< X-Signature: [redacted]\n');
    expect(stderr).not.toContain(token.split('.')[2]);
  });
});

describe('the progress line', () => {
  test.each([
    [{ done: 12_345_678, total: 45_600_000, seconds: 3 }, 'received 12.3 MB of 45.6 MB, 27 %, 4.1 MB/s, 0:09 left'],
    [{ done: 45_600_000, total: 45_600_000, seconds: 12 }, 'received 45.6 MB of 45.6 MB, 100 %, 3.8 MB/s'],
    [{ done: 999, total: undefined, seconds: 1 }, 'received 999 B, 999 B/s'],
    [{ done: 1000, total: 1e12, seconds: 0 }, 'received 1.0 kB of 1.0 TB, 0 %'],
    [{ done: 1e6, total: 1e10, seconds: 1 }, 'received 1.0 MB of 10.0 GB, 0 %, 1.0 MB/s, 2:46:39 left'],
  ])('%j', (amounts, line) => {
    expect(progressLine('received', amounts)).toBe(line);
  });
});

describe.skipIf(lacks('script', '--version'))('on a terminal', () => {
  /** Sends half of a response, waits until `until` resolves, and sends the rest. */
  async function download(options: string, until: (printed: () => string) => Promise<unknown>): Promise<string> {
    const coming = server.slow();
    const child = startOnTerminal(`ajwt fetch ${server.url}/slow ${options}`, { env });
    let printed = '';
    child.stdout?.on('data', (chunk) => {
      printed += chunk;
    });
    const finished = finish(child);
    const [, response] = await coming;
    response.writeHead(200, { 'content-length': 2000 }).write('x'.repeat(1000));
    await until(() => printed);
    response.end('y'.repeat(1000));
    await finished;
    return printed;
  }
  const shown = (printed: () => string) => expect.poll(printed).toContain('received 1.0 kB of 2.0 kB, 50 %');

  test('a download to a file shows its progress and its end', async () => {
    const printed = await download(`-o '${file('saved')}'`, shown);
    expect(printed).toMatch(/\rreceived 2\.0 kB of 2\.0 kB, 100 %, .*B\/s *\n$/);
    expect(readFileSync(file('saved'), 'utf8')).toHaveLength(2000);
  });

  test('a download to a pipe shows its progress too', async () => {
    expect(await download('| wc -c', shown)).toMatch(/100 %.*\n2000\n$/);
  });

  test('a fast response shows no progress, nor does a response on the terminal, nor -s', async () => {
    const quick = (options: string) => finish(startOnTerminal(`ajwt fetch ${options} ${server.url}/x`, { env }));
    expect((await quick(`-o '${file('quick')}'`)).stdout).toBe('');
    // Another download shows its progress meanwhile, so the time for a progress line has passed.
    const beside = async () => {
      await download(`-o '${file('beside')}'`, shown);
    };
    expect(await download(`-s -o '${file('silent')}'`, beside)).toBe('');
    expect(await download('', beside)).toBe(`${'x'.repeat(1000)}${'y'.repeat(1000)}\n`);
  });
});
