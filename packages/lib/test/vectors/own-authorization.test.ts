/** Raw `Authorization` headers, sent over a socket to a real `node:http` server. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { freshNonce, publicKeyOf } from 'ajwt-testkit/frozen-server';
import { signToken } from 'ajwt-testkit/sign';
import { readVectors } from 'ajwt-testkit/vectors';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthenticationEvent, createAuthenticator, memoryKeyStore, memoryNonceStore } from '../../src/index.ts';
import { type AuthorizationCase, authorizationCases } from './authorization-cases.ts';

const { cases } = readVectors<{ cases: { id: string; why: string }[] }>('own/authorization_values.json');

const ed25519 = generateKeyPairSync('ed25519').privateKey;
const revoked = generateKeyPairSync('ed25519').privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const keys = memoryKeyStore();
for (const key of [ed25519, revoked, p256]) keys.addKey('alice', publicKeyOf(key));
keys.revokeKey(publicKeyOf(revoked).kid);
const disabled = generateKeyPairSync('ed25519').privateKey;
keys.addKey('bob', publicKeyOf(disabled));
keys.setUser('bob', { user: 'bob', disabled: true });
keys.addKey('carol', publicKeyOf(generateKeyPairSync('ed25519').privateKey));

const payload = (username = 'alice') =>
  JSON.stringify({ username, time: Math.floor(Date.now() / 1000), nonce: freshNonce() });
const eddsa = (key = ed25519, username = 'alice') =>
  signToken(JSON.stringify({ alg: 'EdDSA', typ: 'JWT', kid: publicKeyOf(key).kid }), payload(username), key);
const good = () => signToken('{"alg":"EdDSA","typ":"JWT"}', payload(), ed25519);

const { vectors, beside } = authorizationCases({
  good,
  es256: () => signToken('{"alg":"ES256"}', payload(), p256, 'ES256'),
  revoked: () => eddsa(revoked),
  disabled: () => eddsa(disabled, 'bob'),
  inAnotherName: () => signToken('{"alg":"EdDSA"}', payload('carol'), ed25519),
  withPayloadOf: (length) => signToken('{"alg":"EdDSA"}', payload().padEnd(length), ed25519),
});

const events: AuthenticationEvent[] = [];
const onResult = (event: AuthenticationEvent) => events.push(event);
const { authenticate, reject } = nodeAuth(createAuthenticator({ keys, nonces: memoryNonceStore(), onResult }));
const server = createServer(async (request, response) => {
  const result = await authenticate(request);
  if (result.ok) response.end(result.username);
  else reject(response, result);
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Sends raw header lines and returns the status, head and body of the response. */
async function send(lines: readonly string[], target = '/') {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end([`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n'), 'latin1');
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), head, body };
}

/** The `error` in the challenge for each reason; the default is `invalid_token`. */
const ERRORS: Readonly<Record<string, string>> = { missing: '', replayed: ', error="replayed"' };

async function check({
  lines = () => [],
  target,
  token: make = good,
  outcome,
  spendsFirst = false,
}: AuthorizationCase) {
  const token = make();
  if (spendsFirst) expect((await send([`Authorization: JWT ${token}`])).status).toBe(200);
  events.length = 0;
  const answer = await send(lines(token), `/${target?.(token) ?? ''}`);
  const [event] = events;
  const said = event === undefined ? answer.status : [event.reason, event.detail].join(' ').trim();
  expect(said).toBe(outcome);
  if (typeof outcome === 'string') expect(answer.status).toBe(outcome === 'accepted' ? 200 : 401);
  expect(answer.body).not.toMatch(/\.[cm]?[jt]s\b|\bat \w|Error/);
  if (answer.status === 401) {
    const challenge = `JWT realm="api"${ERRORS[outcome] ?? ', error="invalid_token"'}`;
    expect(/^www-authenticate: (.*)$/im.exec(answer.head)?.[1]).toBe(challenge);
  }
  // The nonce is still unused, unless the token was accepted.
  const next = outcome === 'accepted' || spendsFirst ? good() : token;
  expect((await send([`Authorization: JWT ${next}`])).status, 'the next valid request').toBe(200);
}

describe('Authorization headers from the vectors', () => {
  test('each vector has a case, and each case has a vector', () => {
    expect(cases.map(({ id }) => id).sort()).toEqual(Object.keys(vectors).sort());
  });
  test.each(cases)('$id: $why', ({ id }) => check(vectors[id] as AuthorizationCase));
});

describe('more Authorization headers', () => {
  test.each(Object.entries(beside))('%s', (_what, one) => check(one));
});
