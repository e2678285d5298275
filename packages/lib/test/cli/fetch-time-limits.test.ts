/** `ajwt fetch`: time limits, beside curl. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { ajwt, finish, lacks, scratch, start } from 'ajwt-testkit/ajwt';
import { listen } from 'ajwt-testkit/listen';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { besideCurl } from './beside-curl.ts';

const file = scratch();
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };
let silent: Server;
let halting: Server;
let silentUrl = '';
let haltingUrl = '';

beforeAll(async () => {
  writeFileSync(file('key'), (await PrivateKey.generate()).toPem());
  silent = createServer((socket) => socket.on('error', () => {}).resume());
  silentUrl = await listen(silent as never);
  halting = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun'));
  });
  haltingUrl = await listen(halting as never);
});
afterAll(() => {
  silent.close();
  halting.close();
});

describe.skipIf(lacks('curl', '--version'))('beside curl', () => {
  test.each([
    ['-m, no response', ['-m', '0.3'], () => silentUrl],
    ['--max-time, half of a body', ['--max-time', '0.5'], () => haltingUrl],
    [
      '--connect-timeout, TLS that is never ready',
      ['--connect-timeout', '0.3'],
      () => silentUrl.replace('http', 'https'),
    ],
    ['-m while TLS is not ready', ['-m', '0.3'], () => silentUrl.replace('http', 'https')],
    [
      '--connect-timeout, a proxy that never answers',
      ['--connect-timeout', '0.3', '-x', 'SILENT'],
      () => 'https://192.0.2.1/',
    ],
  ])('%s: exit code 28 and the same body', async (_name, args, url) => {
    const { curl, ours } = await besideCurl([...args.map((one) => one.replace('SILENT', silentUrl)), url()], { env });
    expect([ours.code, ours.stdout]).toEqual([curl.code, curl.stdout]);
    expect(ours.code).toBe(28);
  });
});

describe('the message names the limit that was exceeded', () => {
  const silentHost = () => new URL(silentUrl).host;
  test.each<[string[], () => string, () => string]>([
    [
      ['-m', '0.2'],
      () => silentUrl,
      () => `${silentHost()}: not finished within 0.2 s (--max-time), with 0 bytes received`,
    ],
    [
      ['-m', '0.4'],
      () => haltingUrl,
      () => `${new URL(haltingUrl).host}: not finished within 0.4 s (--max-time), with 5 bytes received`,
    ],
    [
      ['--response-timeout', '0.2'],
      () => silentUrl,
      () => `${silentHost()}: no response within 0.2 s after the request was sent (--response-timeout)`,
    ],
    [
      ['--response-timeout', '0.2', '-d', 'body'],
      () => silentUrl,
      () => `${silentHost()}: no response within 0.2 s after the request was sent (--response-timeout)`,
    ],
    [
      ['--connect-timeout', '0.2'],
      () => silentUrl.replace('http', 'https'),
      () => `${silentHost()}: no connection within 0.2 s (--connect-timeout)`,
    ],
  ])('%j', async (args, url, message) => {
    const { code, stderr } = await ajwt(['fetch', ...args, url()], { env });
    expect([code, stderr]).toEqual([28, `ajwt: ${message()}\n`]);
  });
});

/** Waits 0.3 s: runs the command against the silent server until its limit is exceeded. */
const limitIsOver = () => ajwt(['fetch', '--response-timeout', '0.3', silentUrl], { env });

test('--response-timeout does not limit the body', async () => {
  const server = createServer((socket) => {
    socket.once('data', async () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na');
      await limitIsOver();
      socket.end('b');
    });
  });
  const url = await listen(server as never);
  expect(await ajwt(['fetch', '--response-timeout', '0.2', url], { env })).toMatchObject({ code: 0, stdout: 'ab' });
  server.close();
});

test('--response-timeout starts counting when the last byte of the body is sent', async () => {
  const server = createServer((socket) => {
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
      if (received.endsWith('0\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const url = await listen(server as never);
  const child = start(['fetch', '--response-timeout', '0.2', '-d', '@-', url], { env });
  const finished = finish(child);
  child.stdin?.write('a');
  await once(server, 'connection');
  await limitIsOver();
  child.stdin?.end('b');
  expect(await finished).toMatchObject({ code: 0, stderr: '' });
  server.close();
});

test.each([
  [['-m', 'soon'], '--max-time: must be a number of seconds, such as 2.5'],
  [['--connect-timeout', '-1'], '--connect-timeout: must be a number of seconds, such as 2.5'],
  [['--response-timeout=1e3'], '--response-timeout: must be a number of seconds, such as 2.5'],
])('%j is a usage error', async (args, message) => {
  expect(await ajwt(['fetch', ...args, silentUrl], { env })).toMatchObject({ code: 1, stderr: `ajwt: ${message}\n` });
});
