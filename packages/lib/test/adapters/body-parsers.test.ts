/** Body parsers read a body that was checked as if nobody had read it before. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterFile } from 'ajwt-testkit/after-file';
import { listen } from 'ajwt-testkit/listen';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { expressAuth } from 'asymmetric-jwt-auth/express';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import express, { type RequestHandler } from 'express';
// @ts-expect-error: multer has no types
import multer from 'multer';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openRaw } from '../../src/testing/raw-request.ts';

afterEach(() => void vi.useRealTimers());

const key = await PrivateKey.generate('ed25519');
const keys = memoryKeyStore();
keys.addKey('guido', key.publicKey);
const reasons: { reason: string; cause?: unknown }[] = [];
const authenticator = createAuthenticator({
  keys,
  nonces: memoryNonceStore(),
  onResult: ({ reason, cause }) => void reasons.push({ reason, cause }),
});

const sign = (body: string | Uint8Array) =>
  createAuthorization({
    username: 'guido',
    key,
    bind: { digest: createHash('sha256').update(body).digest('base64url') },
  });

async function urlOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  afterFile(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server);
}

const form = new FormData();
form.set('amount', '5');
form.set('file', new Blob(['x'.repeat(100_000)]), 'a.txt');
const multipart = new Request('http://a', { method: 'POST', body: form });
const bytesOfForm = new Uint8Array(await multipart.clone().arrayBuffer());

/** A parser, the headers and the body that it is sent, and what the handler then finds as the amount. */
const PARSERS: Readonly<
  Record<
    string,
    readonly [parser: RequestHandler, headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>]
  >
> = {
  'express.json()': [express.json(), { 'content-type': 'application/json' }, '{"amount":"5"}'],
  'express.json() and gzip': [
    express.json(),
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    new Uint8Array(gzipSync('{"amount":"5"}')),
  ],
  'express.urlencoded()': [
    express.urlencoded(),
    { 'content-type': 'application/x-www-form-urlencoded' },
    'amount=5&text=%26',
  ],
  multer: [
    multer({ storage: multer.memoryStorage() }).single('file') as RequestHandler,
    { 'content-type': multipart.headers.get('content-type') ?? '' },
    bytesOfForm,
  ],
};

describe.each(['buffer', 'stream'] as const)('in the mode %s', (body) => {
  test.each(Object.entries(PARSERS))('%s', async (_name, [parser, headers, bytes]) => {
    const auth = expressAuth(authenticator, { body, require: ['digest'] });
    const app = express().post('/', auth, parser, async (req, res) => {
      await auth.identity(req).bodyVerified;
      res.send(`${req.body.amount} ${(req as { file?: { size: number } }).file?.size ?? ''}`.trim());
    });
    app.use((_error: Error, _req: unknown, res: express.Response, _next: unknown) => res.status(400).end());
    const url = await urlOf(app);
    const send = async (signed: string | Uint8Array) =>
      fetch(url, { method: 'POST', headers: { ...headers, authorization: await sign(signed) }, body: bytes });
    expect(await (await send(bytes)).text()).toMatch(/^5( 100000)?$/);
    expect((await send('another body')).status).toBeGreaterThanOrEqual(400);
    expect(reasons.at(-1)?.reason).toBe('binding_mismatch');
  });
});

test('a parser in front of the adapter leads to 503, and the cause says what to change', async () => {
  const auth = expressAuth(authenticator);
  const url = await urlOf(express().post('/', express.text(), auth, (_req, res) => void res.end('not reached')));
  const headers = { authorization: await sign('body'), 'content-type': 'text/plain' };
  expect((await fetch(url, { method: 'POST', headers, body: 'body' })).status).toBe(503);
  expect(String(reasons.at(-1)?.cause)).toMatch(/mount the adapter in front of everything that reads the body/);
});

test('a caller that sends nothing for 30 seconds gets 408', async () => {
  const auth = nodeAuth(authenticator);
  const url = await urlOf(async (request, response) => {
    const result = await auth.authenticate(request);
    if (!result.ok) auth.reject(response, result);
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const connection = openRaw(url);
  const lines = ['POST / HTTP/1.1', 'Host: localhost', 'Content-Length: 9', 'Expect: 100-continue'];
  connection.write(`${lines.join('\r\n')}\r\nAuthorization: ${await sign('123456789')}\r\n\r\n`);
  await connection.until('100 Continue');
  connection.write('1234');
  // The adapter sets its timer when it has claimed the nonce.
  await vi.waitUntil(() => vi.getTimerCount() > 0, { interval: 1 });
  vi.advanceTimersByTime(30_000);
  expect(await connection.until('body_incomplete')).toContain('HTTP/1.1 408 Request Timeout');
  connection.abort();
});

test('a stream of 400 MB is checked without being kept in memory', async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(7);
  const hash = createHash('sha256');
  for (let index = 0; index < 400; index++) hash.update(chunk);
  const authorization = await createAuthorization({
    username: 'guido',
    key,
    bind: { digest: hash.digest('base64url') },
  });
  const auth = nodeAuth(authenticator, { body: 'stream' });
  let most = 0;
  const url = await urlOf(async (request, response) => {
    const result = await auth.authenticate(request);
    if (!result.ok) return auth.reject(response, result);
    const before = process.memoryUsage.rss();
    for await (const _ of request) most = Math.max(most, process.memoryUsage.rss() - before);
    response.end(String(await result.bodyVerified));
  });
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (sent++ < 400) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization },
    body,
    duplex: 'half',
  } as RequestInit);
  expect(await response.text()).toBe('true');
  expect(most / 1e6, 'MB of additional memory, in the caller and the server').toBeLessThan(200);
});
