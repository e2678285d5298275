/** Requests `/.well-known/jwks.json`: with `--serve-jwks`, ajwtd responds; without it, the application does. */
import { writeFileSync } from 'node:fs';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { createToken, PrivateKey } from 'asymmetric-jwt-auth/client';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const path = scratch();
const TARGET = '/.well-known/jwks.json';
let upstream: Upstream;
let ours: Ajwtd;
let theirs: Ajwtd;
let signers: readonly PrivateKey[];
let authorization: () => string;

beforeAll(async () => {
  upstream = await startUpstream();
  signers = await Promise.all((['ed25519', 'rsa', 'ec'] as const).map((kind) => PrivateKey.generate(kind)));
  const [ed25519, rsa, ec] = signers.map(({ publicKey }) => publicKey) as [
    PrivateKey['publicKey'],
    PrivateKey['publicKey'],
    PrivateKey['publicKey'],
  ];
  writeFileSync(path('one.pub'), ed25519.toOpenSsh());
  writeFileSync(path('two.pem'), rsa.toPem());
  writeFileSync(path('three.jwk'), JSON.stringify(ec.toJwk()));
  const alice = (await databaseWith(path('ajwt.db'), ['alice'])).get('alice');
  authorization = () => `Authorization: JWT ${token('alice', alice as NonNullable<typeof alice>)}`;
  const start = (args: readonly string[], env = {}) =>
    serve({ database: path('ajwt.db'), args: ['--upstream', upstream.url, ...args], env });
  const files = ['one.pub', 'two.pem'].flatMap((name) => ['--serve-jwks', path(name)]);
  [ours, theirs] = await Promise.all([start([...files, '--serve-jwks', path('three.jwk')]), start([])]);
});
afterAll(() => Promise.all([ours.stop(), theirs.stop()]));

describe('the endpoint of --serve-jwks', () => {
  test('serves the keys of the files, in any format, to everyone', async () => {
    const answer = await exchange(ours.port, request(TARGET));
    expect(answer.status).toBe(200);
    expect(answer.header('content-type')).toBe('application/jwk-set+json');
    expect(answer.header('cache-control')).toBe('public, max-age=300');
    expect(JSON.parse(answer.text)).toEqual({ keys: signers.map(({ publicKey }) => publicKey.toJwk()) });
    expect(answer.text).not.toMatch(/"[dpq]":/);
    expect((await exchange(ours.port, request(`${TARGET}?a=b`))).text).toBe(answer.text);
  });

  test('responds to HEAD, and with 304 if the client has the current version', async () => {
    const head = await exchange(ours.port, request(TARGET, [], 'HEAD'), 'HEAD');
    expect(head.status).toBe(200);
    const known = await exchange(ours.port, request(TARGET, [`If-None-Match: ${head.header('etag')}`]));
    expect([known.status, known.text]).toEqual([304, '']);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s, even with a token', async (method) => {
    const answer = await exchange(ours.port, request(TARGET, [authorization(), 'Content-Length: 0'], method));
    expect([answer.status, answer.header('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('is never forwarded to the application, and has no other path', async () => {
    const before = upstream.seen.length;
    await exchange(ours.port, request(TARGET, [authorization()]));
    expect(upstream.seen).toHaveLength(before);
    for (const other of [`${TARGET}/`, `/${TARGET}`, '/.well-known/%6awks.json', '/.well-known/JWKS.json']) {
      expect((await exchange(ours.port, request(other))).status, other).toBe(401);
    }
    expect(upstream.seen).toHaveLength(before);
    expect((await exchange(ours.port, request('/other', [authorization()]))).text).toBe('hello');
  });

  test('serves a set with which jose verifies signatures of these keys', async () => {
    const set = createRemoteJWKSet(new URL(TARGET, ours.url));
    for (const key of signers) {
      const { payload } = await jwtVerify(await createToken({ username: 'service', key }), set);
      expect(payload).toMatchObject({ username: 'service' });
    }
    const stranger = await PrivateKey.generate('ed25519');
    await expect(jwtVerify(await createToken({ username: 'service', key: stranger }), set)).rejects.toThrow();
  });

  test('serves files that an environment variable names, separated by commas', async () => {
    const env = { AJWTD_SERVE_JWKS: `${path('one.pub')},${path('two.pem')}` };
    const server = await serve({ database: path('ajwt.db'), args: ['--upstream', upstream.url], env });
    expect(JSON.parse((await exchange(server.port, request(TARGET))).text).keys).toHaveLength(2);
    await server.stop();
  });
});

test('without the option, requests for the path need a token and reach the application', async () => {
  const before = upstream.seen.length;
  expect((await exchange(theirs.port, request(TARGET))).status).toBe(401);
  expect(upstream.seen).toHaveLength(before);
  expect((await exchange(theirs.port, request(TARGET, [authorization()]))).text).toBe('hello');
  expect(upstream.seen.at(-1)).toMatchObject({ url: TARGET, headers: { 'x-auth-user': 'alice' } });
});

test('the server does not start with a private key, and the message does not contain the key', async () => {
  const secret = (await PrivateKey.generate('ed25519')).toPem();
  writeFileSync(path('private'), secret);
  const { code, stdout, stderr } = await ajwtd(['serve', '--serve-jwks', path('private')], {
    env: { AJWTD_DATABASE: `sqlite:${path('never.db')}` },
  });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^ajwtd: --serve-jwks: \S+: [^\n]*private[^\n]*\n$/);
  expect(stderr).not.toContain(secret.split('\n')[1] as string);
});
