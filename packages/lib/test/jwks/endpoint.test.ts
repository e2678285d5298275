/** Both jose and our own client can read published sets. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clientOf, startPublisher } from 'ajwt-testkit/jwks-publisher';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { createToken } from '../../src/client.ts';
import { PrivateKey, PublicKey } from '../../src/index.ts';
import { JWKS_PATH, jwksEndpoint } from '../../src/jwks.ts';

const KINDS = [
  ['ed25519', {}],
  ['rsa', {}],
  ['rsa', { alg: 'PS256' }],
  ['ec', { curve: 'P-256' }],
  ['ec', { curve: 'P-384' }],
  ['ec', { curve: 'P-521' }],
] as const;
const privateKeys = await Promise.all(KINDS.map(([type, options]) => PrivateKey.generate(type, options)));
const keys = privateKeys.map(({ publicKey }) => publicKey);
const endpoint = jwksEndpoint(keys);

const server = createServer((request, response) => endpoint.node(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
afterAll(() => server.close());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${JWKS_PATH}`;
const publisher = await startPublisher();

/** Both handlers give the same responses. */
const transports = {
  'node:http': (init: RequestInit) => fetch(url, init),
  web: async (init: RequestInit) => endpoint.fetch(new Request(url, init)),
};

describe('jose verifies a token with the published set', () => {
  test.each(privateKeys.map((key, index) => [JSON.stringify(KINDS[index]), key] as const))('%s', async (_kind, key) => {
    const token = await createToken({ username: 'guido', key });
    const remote = await jwtVerify(token, createRemoteJWKSet(new URL(url)));
    expect(remote.payload.username).toBe('guido');
    const set = (await endpoint.fetch(new Request(url)).json()) as JSONWebKeySet;
    expect((await jwtVerify(token, createLocalJWKSet(set))).payload.username).toBe('guido');
  });
});

test('our own client finds every key by each of its kids', async () => {
  publisher.answerWith((request, response) => endpoint.node(request, response));
  const { kids, codes } = clientOf(publisher);
  expect(await kids(publisher.url)).toEqual(keys.map(({ kid }) => kid));
  for (const { kid, thumbprint } of keys) {
    expect(await kids(publisher.url, kid)).toEqual([kid]);
    expect(await kids(publisher.url, thumbprint)).toEqual([kid]);
  }
  expect(codes()).toEqual([]);
});

describe.each(Object.entries(transports))('over %s', (_name, ask) => {
  test('GET returns the set, and the time for which it may be cached', async () => {
    const response = await ask({});
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/jwk-set+json');
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(await response.json()).toEqual({ keys: keys.map((key) => key.toJwk()) });
  });

  test('HEAD returns the same headers without a body', async () => {
    const [get, head] = [await ask({}), await ask({ method: 'HEAD' })];
    expect(await head.text()).toBe('');
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control']) {
      expect(head.headers.get(name), name).toBe(get.headers.get(name));
    }
  });

  test('a request with the ETag of the set gets a 304', async () => {
    const etag = (await ask({})).headers.get('etag') as string;
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const response = await ask({ headers: { 'if-none-match': condition } });
      expect([response.status, await response.text()], condition).toEqual([304, '']);
      expect(response.headers.get('etag')).toBe(etag);
    }
    expect((await ask({ headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed', async (method) => {
    const response = await ask({ method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

test('a function is called for each request, so keys can be rotated', async () => {
  let present = keys.slice(0, 1);
  const rotating = jwksEndpoint(() => present, { maxAgeSeconds: 0 });
  const before = rotating.fetch(new Request(url));
  present = keys.slice(1, 2);
  const after = rotating.fetch(
    new Request(url, { headers: { 'if-none-match': before.headers.get('etag') as string } }),
  );
  expect(await after.json()).toMatchObject({ keys: [{ kid: keys[1]?.kid }] });
});

test('a key that is passed twice is published once', async () => {
  const twice = jwksEndpoint([keys[0], PublicKey.from((keys[0] as PublicKey).toPem())] as PublicKey[]);
  expect((await twice.fetch(new Request(url)).json()).keys).toHaveLength(1);
});

test.each([
  ['a private key', [privateKeys[0]], {}, 'keys[0]: must be a PublicKey'],
  ['a private JWK', [{ kty: 'OKP', crv: 'Ed25519', x: 'AA', d: 'AA' }], {}, 'keys[0]: must be a PublicKey'],
  ['a single key', keys[0], {}, 'keys: must be an array of PublicKeys'],
  ['a negative age', keys, { maxAgeSeconds: -1 }, 'option maxAgeSeconds: '],
  ['an unknown option', keys, { maxage: 1 }, 'option maxage: '],
])('%s is refused', (_name, given, options, message) => {
  expect(() => jwksEndpoint(given as never, options as object)).toThrow(message);
});
