/** `ajwt token --header` with curl itself, as docs/CLI.md recommends. */
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { lacks, scratch, shell } from 'ajwt-testkit/ajwt';
import { type FetchServer, startServer } from 'ajwt-testkit/fetch-server';
import { listen } from 'ajwt-testkit/listen';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';

const file = scratch();
/** Accepts only tokens that are bound to the request. */
let bound: FetchServer;
/** Refuses every request, and keeps what it received. */
const received: { authorization: string | undefined; body: string }[] = [];
const refusing = createServer(async (request: IncomingMessage, response) => {
  received.push({ authorization: request.headers.authorization, body: await text(request) });
  response.writeHead(503, { 'retry-after': '0' }).end();
});
let refusingUrl: string;

beforeAll(async () => {
  const key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  writeFileSync(file('.curlrc'), 'retry = 2\nlocation\nuser-agent = "from .curlrc"\n');
  bound = await startServer(key.publicKey, { require: ['aud', 'htm', 'target'] });
  refusingUrl = await listen(refusing);
});
beforeEach(() => {
  bound.seen.length = 0;
  received.length = 0;
});
afterAll(() => {
  for (const server of [bound.server, refusing]) server.close();
});

/** Runs a line with the variable `url`, and a `.curlrc` that retries. */
const run = (url: string, line: string) =>
  shell(`url='${url}'; ${line}`, {
    env: { HOME: file(''), AJWT_USER: 'guido', AJWT_KEY: file('key') },
    input: 'from the pipe',
  });

const SAFE = 'curl -q -g -s -H @<(ajwt token --header --bind POST "$url")';
const ONCE = '--no-location --retry 0 "$url"';

describe.skipIf(lacks('curl', '--version'))('the command line that docs/CLI.md recommends', () => {
  test('sends one signed request, with a body from an argument or from standard input', async () => {
    for (const [data, body] of [
      ['-d a=1', 'a=1'],
      ['--data-binary @-', 'from the pipe'],
    ]) {
      bound.seen.length = 0;
      expect(await run(`${bound.url}/x?list=[1-2]`, `${SAFE} ${data} ${ONCE}`)).toMatchObject({
        code: 0,
        stdout: 'hello guido\n',
        stderr: '',
      });
      expect(bound.seen.map((seen) => [seen.method, seen.url, seen.body.toString()])).toEqual([
        ['POST', '/x?list=[1-2]', body],
      ]);
      expect(bound.seen[0]?.headers['user-agent']).toMatch(/^curl\//);
    }
  });

  test('does not send the token again after a redirect or a 503', async () => {
    await run(`${bound.url}/moved`, `${SAFE} -d a=1 ${ONCE}`);
    expect(bound.seen.map(({ url }) => url)).toEqual(['/moved']);
    await run(refusingUrl, `${SAFE} -d a=1 ${ONCE}`);
    expect(received.length).toBe(1);
  });

  test('is necessary: a simpler curl command line sends the same token again', async () => {
    await run(refusingUrl, 'curl -g -s -H @<(ajwt token --header) --retry-delay 1 "$url"');
    expect(received.length).toBe(3);
    expect(new Set(received.map(({ authorization }) => authorization)).size).toBe(1);
  });
});

describe.skipIf(lacks('curl', '--version'))('-H @- with -d @-', () => {
  const piped = (options: string) =>
    run(refusingUrl, `ajwt token --header --bind POST "$url" | curl -q -g -s ${options} ${ONCE}`);

  test('sends an empty body', async () => {
    await piped('-H @- -d @-');
    expect(received).toEqual([{ authorization: expect.stringMatching(/^JWT /), body: '' }]);
  });

  test('in the other order, sends the token as the body', async () => {
    await piped('-d @- -H @-');
    expect(received).toEqual([{ authorization: undefined, body: expect.stringMatching(/^Authorization: JWT /) }]);
  });
});
