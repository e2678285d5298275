/** Checks that `ajwtd` accepts a body only if the token contains its digest. */
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { type Answer, Connection, exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const digestOf = (body: string | Uint8Array) => createHash('sha256').update(body).digest('base64url');

const database = scratch()('signed-bodies.db');
let alice: KeyObject;
let upstream: Upstream;
/** Number of requests that the application received, completely or not. */
let begun = 0;
/** Complete bodies that the application received. */
const complete: Buffer[] = [];
/** Resolves when the application's request ends, completely or not. */
let ended: Promise<unknown>;
/** `proxying` forwards requests; `seeing` gets bodies at its forward-auth endpoint, `blind` does not. */
let proxying: Ajwtd;
let seeing: Ajwtd;
let blind: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  upstream = await startUpstream();
  [proxying, seeing, blind] = await Promise.all([
    serve({ database, args: ['--upstream', upstream.url, '--require', 'digest'] }),
    serve({ database, args: ['--forward-auth-body', 'full'] }),
    serve({ database }),
  ]);
});
afterAll(async () => {
  for (const server of [proxying, seeing, blind]) expect(await server.stop()).toEqual({ code: 0, signal: null });
});

function collectBodies(): void {
  ended = new Promise((resolve) => {
    upstream.handle = (incoming, response) => {
      begun += 1;
      const chunks: Buffer[] = [];
      incoming.on('error', () => {});
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('close', resolve);
      incoming.on('end', () => {
        complete.push(Buffer.concat(chunks));
        response.end('done');
      });
    };
  });
}
beforeAll(collectBodies);
afterEach(() => {
  collectBodies();
  complete.length = 0;
  begun = 0;
});

const signed = (digest: string) => `Authorization: JWT ${token('alice', alice, { bind: { v: 1, digest } })}`;
const post = (server: Ajwtd, target: string, lines: readonly string[], body: string): Promise<Answer> =>
  exchange(server.port, request(target, lines, 'POST', body));

describe('the reverse proxy', () => {
  test.each([
    ['of one chunk', 'hello'],
    ['of a megabyte', 'x'.repeat(1 << 20)],
  ])('forwards a signed body %s unchanged', async (_, body) => {
    const answer = await post(proxying, '/items', [signed(digestOf(body)), `Content-Length: ${body.length}`], body);
    expect([answer.status, answer.text]).toEqual([200, 'done']);
    expect(complete.map(String)).toEqual([body]);
  });

  test('forwards a signed body in chunks', async () => {
    const lines = [signed(digestOf('hello world')), 'Transfer-Encoding: chunked'];
    const answer = await post(proxying, '/items', lines, '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n');
    expect(answer.status).toBe(200);
    expect(complete.map(String)).toEqual(['hello world']);
  });

  test.each([
    ['with a length', ['Content-Length: 5'], 'HELLO'],
    ['in chunks', ['Transfer-Encoding: chunked'], '5\r\nHELLO\r\n0\r\n\r\n'],
    ['that is longer than what was signed', ['Content-Length: 6'], 'hello!'],
    ['that is shorter than what was signed', ['Content-Length: 4'], 'hell'],
    ['of a megabyte', ['Content-Length: 1048576'], 'x'.repeat(1 << 20)],
  ])('refuses another body %s, and the application never has a complete request', async (_, lines, body) => {
    const answer = await post(proxying, '/items', [signed(digestOf('hello')), ...lines], body);
    expectAnswer(answer, 'binding_mismatch');
    if (begun > 0) await ended;
    expect(complete).toEqual([]);
  });

  test('after a refusal, the connection can be used again', async () => {
    const connection = await Connection.open(proxying.port);
    for (const [body, status] of [
      ['HELLO', 401],
      ['hello', 200],
    ] as const) {
      connection.write(request('/items', [signed(digestOf('hello')), 'Content-Length: 5'], 'POST', body));
      expect((await connection.answer()).status).toBe(status);
    }
    connection.destroy();
  });

  test('accepts the digest of nothing for a request without a body, and refuses every other digest without calling the application', async () => {
    expect((await post(proxying, '/items', [signed(digestOf(''))], '')).status).toBe(200);
    expect(begun).toBe(1);
    expectAnswer(await post(proxying, '/items', [signed(digestOf('hello'))], ''), 'binding_mismatch');
    expect(begun).toBe(1);
  });

  test('with --require digest, refuses a token without a digest', async () => {
    const line = `Authorization: JWT ${token('alice', alice)}`;
    expectAnswer(await post(proxying, '/items', [line, 'Content-Length: 5'], 'hello'), 'binding_required');
    expect(begun).toBe(0);
  });

  test('asks for the body with 100 Continue, and then checks it', async () => {
    const connection = await Connection.open(proxying.port);
    const lines = [signed(digestOf('hello')), 'Content-Length: 5', 'Expect: 100-continue'];
    connection.write(request('/items', lines, 'POST'));
    expect((await connection.answer()).status).toBe(100);
    connection.write('HELLO');
    expectAnswer(await connection.answer(), 'binding_mismatch');
    connection.destroy();
    expect(complete).toEqual([]);
  });

  test('if the caller disconnects before the end of the body, the application has no complete request', async () => {
    const connection = await Connection.open(proxying.port);
    const part = 'x'.repeat(300_000);
    connection.write(request('/items', [signed(digestOf(part)), 'Content-Length: 300001'], 'POST', part));
    await expect.poll(() => begun).toBe(1);
    connection.destroy();
    await ended;
    expect(complete).toEqual([]);
  });

  test('the log has the true reason of a late refusal', async () => {
    const answer = await post(proxying, '/items', [signed(digestOf('hello')), 'Content-Length: 5'], 'HELLO');
    const { request_id: id } = JSON.parse(answer.text);
    const line = await proxying.logged((one) => one.request_id === id);
    expect(line).toMatchObject({ reason: 'binding_mismatch', status: 401, username: 'alice' });
  });

  test('a signed body of 100 MB is forwarded in constant memory', async () => {
    const piece = randomBytes(1 << 20);
    const hash = createHash('sha256');
    for (let count = 0; count < 100; count++) hash.update(piece);
    let bytes = 0;
    upstream.handle = (incoming, response) => {
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      incoming.on('end', () => response.end('done'));
    };
    const connection = await Connection.open(proxying.port);
    connection.write(request('/items', [signed(hash.digest('base64url')), `Content-Length: ${100 << 20}`], 'POST'));
    for (let count = 0; count < 100; count++) {
      if (!connection.socket.write(piece)) await once(connection.socket, 'drain');
    }
    expect((await connection.answer()).status).toBe(200);
    connection.destroy();
    expect(bytes).toBe(100 << 20);
  });
});

describe('forward-auth', () => {
  const ask = (server: Ajwtd, digest: string, body: string, lines: readonly string[] = []) =>
    post(server, '/.ajwt/auth', [signed(digest), `Content-Length: ${body.length}`, ...lines], body);

  test('with --forward-auth-body full, accepts the signed body and refuses every other', async () => {
    expect((await ask(seeing, digestOf('hello'), 'hello')).status).toBe(200);
    expect((await ask(seeing, digestOf(''), '')).status).toBe(200);
    expectAnswer(await ask(seeing, digestOf('hello'), 'HELLO'), 'binding_mismatch');
    expectAnswer(await ask(seeing, digestOf('hello'), ''), 'binding_mismatch');
  });

  test('refuses a body that is cut, or longer than 1 MiB, as one that was not seen', async () => {
    const cut = ['x-envoy-auth-partial-body: true'];
    expectAnswer(await ask(seeing, digestOf('hello'), 'hello', cut), 'binding_mismatch');
    const whole = 'x'.repeat(1 << 20);
    expect((await ask(seeing, digestOf(whole), whole)).status).toBe(200);
    expectAnswer(await ask(seeing, digestOf(`${whole}x`), `${whole}x`), 'binding_mismatch');
  });

  test('by default, refuses every digest, also that of nothing', async () => {
    expectAnswer(await ask(blind, digestOf('hello'), 'hello'), 'binding_mismatch');
    expectAnswer(await ask(blind, digestOf(''), ''), 'binding_mismatch');
  });

  test('responses to several bodies on one connection are not mixed up', async () => {
    const connection = await Connection.open(seeing.port);
    for (const [body, status] of [
      ['hello', 200],
      ['HELLO', 401],
      ['hello', 200],
    ] as const) {
      connection.write(request('/.ajwt/auth', [signed(digestOf('hello')), 'Content-Length: 5'], 'POST', body));
      expect((await connection.answer()).status).toBe(status);
    }
    connection.destroy();
  });
});
