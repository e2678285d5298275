/** Forwarding headers are read only if they come from trusted proxies. */
import type { KeyObject } from 'node:crypto';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { asOfAMinuteAgo, databaseWith, token } from 'ajwt-testkit/directory';
import { expectAnswer } from 'ajwt-testkit/refusal';
import { startUpstream, type Upstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const AUTH = '/.ajwt/auth';
const TARGET = '/v1/items?x=1';
const NGINX = ['X-Original-Method: POST', `X-Original-URI: ${TARGET}`];
const INGRESS = ['X-Original-Method: POST', `X-Original-URL: https://api.example.com${TARGET}`];
const TRAEFIK = ['X-Forwarded-Method: POST', `X-Forwarded-Uri: ${TARGET}`];

const database = scratch()('forwarded.db');
let alice: KeyObject;
let upstream: Upstream;
/** `trusting` trusts proxies on this machine; `wary` trusts only proxies elsewhere. */
let trusting: Ajwtd;
let wary: Ajwtd;
beforeAll(async () => {
  alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
  await asOfAMinuteAgo(database);
  upstream = await startUpstream();
  const args = ['--upstream', upstream.url, '--audience', 'https://api.example.com', '--trusted-proxy'];
  [trusting, wary] = await Promise.all([
    serve({ database, args: [...args, '127.0.0.0/8'] }),
    serve({ database, args: [...args, '10.0.0.0/8', '--trusted-proxy', '::1'] }),
  ]);
});
afterAll(() => Promise.all([trusting.stop(), wary.stop()]));
beforeEach(() => {
  upstream.seen.length = 0;
});

const bound = (members: Record<string, string> = { htm: 'POST', target: TARGET }) =>
  `Authorization: JWT ${token('alice', alice, { bind: { v: 1, ...members } })}`;
const unbound = () => `Authorization: JWT ${token('alice', alice)}`;
const ask = (server: Ajwtd, lines: readonly string[], target = AUTH, method = 'GET') =>
  exchange(server.port, request(target, lines, method));

describe('a token in a forward-auth request', () => {
  test.each([
    ['the headers of nginx', NGINX],
    ['the headers of Traefik or Caddy', TRAEFIK],
    ['the headers of both, with equal values', [...NGINX, ...TRAEFIK]],
    ['each header twice, with equal values', [...NGINX, ...NGINX]],
    ['X-Original-URL, without X-Original-URI', [NGINX[0] as string, `X-Original-URL: ${TARGET}`]],
    ['the headers of ingress-nginx', INGRESS],
    ['the headers of ingress-nginx, and a correct X-Original-URI from the client', [...INGRESS, NGINX[1] as string]],
  ])('that is bound is accepted with %s if the proxy is trusted, and refused otherwise', async (_what, lines) => {
    expect((await ask(trusting, [...lines, bound()])).status).toBe(200);
    expectAnswer(await ask(wary, [...lines, bound()]), 'binding_mismatch');
  });

  test('that is bound is accepted from any proxy that appends the target to the path, as Envoy does', async () => {
    expect((await ask(wary, [bound()], AUTH + TARGET, 'POST')).status).toBe(200);
    // If the path contains a target, the headers are not read, not even from a trusted proxy.
    const lies = ['X-Original-Method: GET', 'X-Original-URI: /other', 'X-Forwarded-Uri: /other'];
    expect((await ask(trusting, [...lies, bound()], AUTH + TARGET, 'POST')).status).toBe(200);
    expectAnswer(await ask(trusting, [...NGINX, bound()], `${AUTH}/other`, 'POST'), 'binding_mismatch');
  });

  test.each([
    ['two different targets', [...NGINX, 'X-Forwarded-Uri: /v1/secrets']],
    ['two different targets, with the headers swapped', [...TRAEFIK, 'X-Original-URI: /v1/secrets']],
    [
      'the headers of ingress-nginx, and a wrong X-Original-URI from the client',
      [...INGRESS, 'X-Original-URI: /v1/secrets'],
    ],
    [
      'the headers of ingress-nginx, for another target',
      [INGRESS[0] as string, 'X-Original-URL: https://api.example.com/v1/secrets'],
    ],
    ['a Host that looks like a path', [INGRESS[0] as string, `X-Original-URL: https://host?${TARGET}`]],
    ['one header twice, with different values', [...NGINX, 'X-Original-URI: /v1/secrets']],
    ['two different methods', [...NGINX, 'X-Forwarded-Method: GET']],
    ['a target alone', [NGINX[1] as string]],
    ['a method alone', [NGINX[0] as string]],
    ['no headers', []],
    ['an empty target', ['X-Original-Method: POST', 'X-Original-URI:']],
    ['another method', ['X-Original-Method: PUT', NGINX[1] as string]],
    ['the method in lower case', ['X-Original-Method: post', NGINX[1] as string]],
    ['another query', [NGINX[0] as string, 'X-Original-URI: /v1/items?x=2']],
    ['another spelling', [NGINX[0] as string, 'X-Original-URI: /v1/%69tems?x=1']],
    ['an absolute form', [NGINX[0] as string, `X-Original-URI: https://api.example.com${TARGET}`]],
    ['names with underscores', ['X_Original_Method: POST', `X_Original_URI: ${TARGET}`]],
  ])('that is bound is refused with %s, and stays unused', async (_what, lines) => {
    const credential = bound();
    expectAnswer(await ask(trusting, [...lines, credential]), 'binding_mismatch');
    expect((await ask(trusting, [...NGINX, credential])).status).toBe(200);
  });

  test('that is bound to a body is refused, because forward-auth requests have no body', async () => {
    expectAnswer(await ask(trusting, [...NGINX, bound({ digest: '47DEQpj8HBSa' })]), 'binding_mismatch');
  });

  test('that is bound to an audience is accepted for that audience only, whatever the headers say', async () => {
    const other = bound({ aud: 'https://other.example.com' });
    const lies = ['X-Forwarded-Host: other.example.com', 'X-Forwarded-Proto: https'];
    expectAnswer(await ask(trusting, [...lies, other]), 'wrong_audience');
    expect((await ask(trusting, [...lies, bound({ aud: 'https://api.example.com' })])).status).toBe(200);
  });

  test('that is not bound is accepted, whatever the headers say', async () => {
    expect((await ask(wary, [...NGINX, 'X-Forwarded-Uri: /other', unbound()])).status).toBe(200);
  });
});

describe('a bound token sent to the reverse proxy', () => {
  test('must match the method and target of the request itself, whatever the headers say', async () => {
    for (const server of [trusting, wary]) {
      const lies = ['X-Original-Method: POST', 'X-Forwarded-Method: POST', `X-Original-URI: ${TARGET}`];
      expectAnswer(await ask(server, [...lies, bound()], '/v1/secrets', 'GET'), 'binding_mismatch');
      expectAnswer(await ask(server, ['X-HTTP-Method-Override: POST', bound()], TARGET, 'GET'), 'binding_mismatch');
      expect(upstream.seen).toEqual([]);
      expect((await ask(server, [bound(), 'Content-Length: 0'], TARGET, 'POST')).status).toBe(200);
      expect(upstream.seen.splice(0)).toHaveLength(1);
    }
  });
});

describe('forwarding headers', () => {
  const SAID = [
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-Host: public.example.com',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 443',
    'X-Forwarded-User: root',
    'X-Original-URI: /public',
    'X-Real-IP: 203.0.113.9',
    'Forwarded: for=203.0.113.9',
    'X-Rewrite-URL: /admin',
    'X-Original-URL: /admin',
    'Proxy: http://203.0.113.9:3128',
  ];
  const forwarded = () =>
    Object.fromEntries(
      Object.entries(upstream.seen[0]?.headers ?? {}).filter(([name]) =>
        /forwarded|original|rewrite|real.ip|^proxy/.test(name),
      ),
    );

  test('from a trusted proxy reach the application, with the proxy appended to X-Forwarded-For', async () => {
    expect((await ask(trusting, [...SAID, unbound()], '/v1')).status).toBe(200);
    expect(forwarded()).toMatchObject({
      'x-forwarded-for': '203.0.113.9, 127.0.0.1',
      'x-forwarded-host': 'public.example.com',
      'x-forwarded-proto': 'https',
    });
    // The proxy could pass these on from the client, and they could contradict the signed request line.
    for (const name of ['proxy', 'x-rewrite-url', 'x-original-url', 'x-original-uri']) {
      expect(forwarded()).not.toHaveProperty(name);
    }
  });

  test('from other clients do not reach the application', async () => {
    const inOtherWords = SAID.map((line) => line.replace(/^[^:]*/, (name) => name.replaceAll('-', '_')));
    expect((await ask(wary, [...SAID, ...inOtherWords, unbound()], '/v1')).status).toBe(200);
    expect(forwarded()).toEqual({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'api.example.com',
      'x-forwarded-proto': 'http',
    });
  });

  test('with underscores never reach the application', async () => {
    const lines = ['X_Forwarded_For: 203.0.113.9', 'x_forwarded_proto: https', 'X-Forwarded_Host: x'];
    expect((await ask(trusting, [...lines, unbound()], '/v1')).status).toBe(200);
    expect(forwarded()).toEqual({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'api.example.com',
      'x-forwarded-proto': 'http',
    });
  });
});
