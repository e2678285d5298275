import { createServer } from 'node:http';
import { listen } from 'ajwt-testkit/listen';
import { createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';
import { signedGot } from 'asymmetric-jwt-auth/got';
import { signedKy } from 'asymmetric-jwt-auth/ky';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import ky from 'ky';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, type NonceStore } from '../../src/index.ts';

const key = await PrivateKey.generate();
const keys = memoryKeyStore();
keys.addKey('guido', key.publicKey);
let origin = '';
const wallClock = () => Date.now() / 1000;
const slowClock = () => wallClock() - 60;
const stores = new Map([wallClock, slowClock].map((now) => [now, memoryNonceStore({ now })]));
let now = wallClock;

const server = createServer(async (request, response) => {
  const nonces = stores.get(now) as NonceStore;
  const authenticator = createAuthenticator({ keys, nonces, audience: origin, now });
  const auth = nodeAuth(authenticator, { require: ['aud', 'htm', 'target', 'digest'] });
  const result = await auth.authenticate(request);
  if (!result.ok) return auth.reject(response, result);
  const location = request.url?.startsWith('/redirect/') ? '/there' : undefined;
  if (location) return response.writeHead(Number(request.url?.slice(10)), { location }).end();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const type = request.headers['content-type'] ?? '';
  response.end(JSON.stringify({ method: request.method, type, body: Buffer.concat(chunks).toString() }));
});

beforeAll(async () => {
  origin = await listen(server);
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const signing = { username: 'guido', key, bind: true } as const;
const api = createSignedFetch(signing);

const form = new FormData();
form.set('file', new Blob(['hello']), 'hello.txt');
const bytes = new TextEncoder().encode('-hello-').subarray(1, 6);

const KINDS: readonly [string, BodyInit | null, string, RegExp][] = [
  ['a string', 'hello é', 'text/plain;charset=UTF-8', /^hello é$/],
  ['an empty string', '', 'text/plain;charset=UTF-8', /^$/],
  ['a part of a typed array', bytes, '', /^hello$/],
  ['a Buffer', Buffer.from('hello'), '', /^hello$/],
  ['an ArrayBuffer', bytes.slice().buffer, '', /^hello$/],
  ['a Blob', new Blob(['hello'], { type: 'text/css' }), 'text/css', /^hello$/],
  ['a File', new File(['hello'], 'hello.txt'), '', /^hello$/],
  ['URLSearchParams', new URLSearchParams({ a: 'b c' }), 'application/x-www-form-urlencoded;charset=UTF-8', /^a=b\+c$/],
  ['FormData', form, 'multipart/form-data; boundary=', /filename="hello.txt"[\s\S]*\r\n\r\nhello\r\n--/],
  ['no body', null, '', /^$/],
];

test.each(KINDS)('%s is signed and sent, with the content type that fetch sets', async (_, body, type, text) => {
  const response = await api(`${origin}/`, { method: 'POST', body });
  expect(response.status).toBe(200);
  const got = (await response.json()) as { type: string; body: string };
  expect(got.type.slice(0, type.length || 1)).toBe(type);
  expect(got.body).toMatch(text);
  if (type.startsWith('multipart')) expect(got.body).toContain(got.type.split('boundary=')[1]);
});

test('the content type of the caller is kept', async () => {
  const headers = { 'Content-Type': 'application/json' };
  const response = await api(`${origin}/`, { method: 'POST', body: '{}', headers });
  expect(await response.json()).toMatchObject({ type: 'application/json', body: '{}' });
});

test('the body of a Request is signed and sent', async () => {
  const body = new Blob(['hello']).stream();
  for (const init of [{ body: 'hello' }, { body, duplex: 'half' }, {}]) {
    const response = await api(new Request(`${origin}/?`, { method: 'POST', ...init } as RequestInit));
    expect(await response.json()).toMatchObject({ body: 'body' in init ? 'hello' : '' });
  }
});

test('a Request that was already read is a TypeError', async () => {
  const request = new Request(`${origin}/`, { method: 'POST', body: 'hello' });
  await request.text();
  await expect(api(request)).rejects.toThrow(new TypeError('the body of the Request has already been read'));
});

test('the signal ends the reading of a Request that never ends', async () => {
  const aborter = new AbortController();
  const body = new ReadableStream({ pull: () => aborter.abort(), type: 'bytes' });
  const request = new Request(`${origin}/`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  await expect(api(request, { signal: aborter.signal })).rejects.toMatchObject({ name: 'AbortError' });
});

test('a stream is refused before anything is sent', async () => {
  const body = new Blob(['hello']).stream();
  const sending = api(`${origin}/`, { method: 'POST', body, duplex: 'half' } as RequestInit);
  await expect(sending).rejects.toMatchObject({ code: 'body_not_signable' });
});

test('a buffer that changes after the call is sent as it was signed', async () => {
  const buffer = Buffer.from('hello');
  const sending = api(`${origin}/`, { method: 'POST', body: buffer });
  buffer.fill('x');
  expect(await (await sending).json()).toMatchObject({ body: 'hello' });
});

test('a body that changes on its way is refused', async () => {
  const changing: typeof fetch = (url, init) => fetch(url, { ...init, body: 'other' });
  const response = await createSignedFetch({ ...signing, fetch: changing })(`${origin}/`, {
    method: 'POST',
    body: 'hello',
  });
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ error: 'binding_mismatch' });
});

test.each([
  [307, 'POST', 'hello'],
  [303, 'GET', ''],
])('a redirect with status %i is signed with the body that it sends', async (status, method, body) => {
  const response = await api(`${origin}/redirect/${status}`, { method: 'POST', body: 'hello' });
  const type = body && 'text/plain;charset=UTF-8';
  expect(await response.json()).toEqual({ method, type, body });
});

test('a request that is repeated with the corrected time has the same body', async () => {
  now = slowClock;
  try {
    const fresh = createSignedFetch(signing);
    expect(await (await fresh(`${origin}/`, { method: 'POST', body: form })).json()).toMatchObject({ method: 'POST' });
  } finally {
    now = wallClock;
  }
});

test('ky signs bodies', async () => {
  const got = await ky
    .create(signedKy(signing))
    .post(`${origin}/`, { json: { a: 1 } })
    .json();
  expect(got).toEqual({ method: 'POST', type: 'application/json', body: '{"a":1}' });
});

test('a library that does not support signed bodies refuses the option', () => {
  for (const bind of [true, ['digest']] as const) {
    const message = 'option bind: digest is not one of aud, htm, target';
    expect(() => signedGot({ username: 'guido', key, bind })).toThrow(new TypeError(message));
  }
});
