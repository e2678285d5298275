/** The suite for all adapters, over the network. */

import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authenticator,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
} from '../../src/index.ts';

/** Options for the test server of an adapter: GET /mounted/me responds with `{ "username": … }`, or with null if there is no user. */
interface AdapterSetup {
  readonly auth: Authenticator<{ email: string }>;
  readonly optional: boolean;
  readonly require: readonly ('htm' | 'target')[];
}

/** Makes a server that is not listening yet. */
export type AdapterServer = (setup: AdapterSetup) => Server;

/** Starts a server on a free loopback port. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends bytes unchanged, and returns the whole response. */
async function sendRaw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(text, 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

export function adapterSuite(name: string, makeServer: AdapterServer): void {
  describe(`${name} over the network`, () => {
    const keys = memoryKeyStore<{ email: string }>();
    const nonces = memoryNonceStore();
    let broken = false;
    const auth = createAuthenticator({
      keys: {
        find(username) {
          if (broken) throw new Error('the database is down, password=hunter2');
          return keys.find(username, { kid: undefined, alg: 'EdDSA' });
        },
      },
      nonces,
    });
    const servers: Server[] = [];
    let key: PrivateKey;
    let required: string;
    let optional: string;
    let bound: string;
    const sign = (bind?: { htm?: string; target?: string }) =>
      createAuthorization({ username: 'guido', key, ...(bind === undefined ? {} : { bind }) });
    const get = async (url: string, authorization?: string) =>
      fetch(`${url}/mounted/me?x=1`, authorization === undefined ? {} : { headers: { authorization } });

    beforeAll(async () => {
      key = await PrivateKey.generate();
      keys.setUser('guido', { user: { email: 'guido@example.com' } });
      keys.addKey('guido', key.publicKey);
      const start = async (options: Omit<AdapterSetup, 'auth'>) => {
        const server = makeServer({ auth, ...options });
        servers.push(server);
        return listen(server);
      };
      required = await start({ optional: false, require: [] });
      optional = await start({ optional: true, require: [] });
      bound = await start({ optional: false, require: ['htm', 'target'] });
    });
    afterAll(() => {
      for (const server of servers) server.close();
    });

    test('a signed request is accepted, and the handler gets its user', async () => {
      const response = await get(required, await sign());
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ username: 'guido', email: 'guido@example.com' });
    });

    test('a token is refused when it is sent a second time', async () => {
      const authorization = await sign();
      expect((await get(required, authorization)).status).toBe(200);
      const response = await get(required, authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('JWT realm="api", error="replayed"');
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toMatchObject({ status: 401, error: 'replayed' });
    });

    test('a request without a credential gets the challenge', async () => {
      const response = await get(required);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('JWT realm="api"');
    });

    test('on an optional route, a request without a credential is accepted without a user', async () => {
      const response = await get(optional);
      expect(response.status).toBe(200);
      expect(await response.json()).toBeNull();
    });

    test('on an optional route, the handler gets the user of a request with a valid credential', async () => {
      expect(await (await get(optional, await sign())).json()).toMatchObject({ username: 'guido' });
    });

    test.each(['JWT', 'JWT garbage', 'JWT a.b.c', 'jwt ..', ''])(
      'on an optional route, the invalid credential %j is refused',
      async (value) => {
        expect((await get(optional, value)).status).toBe(401);
      },
    );

    test.each(['required', 'optional'])(
      'two Authorization headers are refused on a route where authentication is %s',
      async (mode) => {
        const [one, other] = [await sign(), await sign()];
        const url = mode === 'required' ? required : optional;
        const lines = [
          'GET /mounted/me HTTP/1.1',
          'Host: x',
          `Authorization: ${one}`,
          `AUTHORIZATION: ${other}`,
          'Connection: close',
        ];
        expect(await sendRaw(url, `${lines.join('\r\n')}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 401 /);
        expect((await get(required, one)).status, 'the token is unused').toBe(200);
        expect((await get(required, other)).status, 'the token is unused').toBe(200);
      },
    );

    test('a header named __proto__ has no effect', async () => {
      const lines = ['GET /mounted/me HTTP/1.1', 'Host: x', '__proto__: a', '__proto__: b', 'Connection: close'];
      expect(await sendRaw(required, `${lines.join('\r\n')}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 401 /);
      const signed = [...lines, `Authorization: ${await sign()}`];
      expect(await sendRaw(required, `${signed.join('\r\n')}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    });

    test('a token bound to the method and the whole target is accepted', async () => {
      const response = await get(bound, await sign({ htm: 'GET', target: '/mounted/me?x=1' }));
      expect(response.status).toBe(200);
    });

    test.each([
      ['a target without the ?', '/mounted/me'],
      ['a target with the ?', '/mounted/me?'],
    ])('the ? of an empty query is ignored if the token is bound to %s', async (_what, target) => {
      const lines = [
        'GET /mounted/me? HTTP/1.1',
        'Host: x',
        `Authorization: ${await sign({ htm: 'GET', target })}`,
        'Connection: close',
      ];
      expect(await sendRaw(bound, `${lines.join('\r\n')}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    });

    test.each([
      ['unbound', undefined, 'binding_required'],
      ['bound to another method', { htm: 'POST', target: '/mounted/me?x=1' }, 'binding_mismatch'],
      ['bound to another path', { htm: 'GET', target: '/me?x=1' }, 'binding_mismatch'],
      ['bound to another query', { htm: 'GET', target: '/mounted/me?x=2' }, 'binding_mismatch'],
    ])('if binding is required, a token %s is refused', async (_what, bind, error) => {
      const response = await get(bound, await sign(bind));
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error });
    });

    test('if a store fails, the response has status 503 and does not contain the reason', async () => {
      broken = true;
      const response = await get(required, await sign()).finally(() => {
        broken = false;
      });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(response.headers.get('www-authenticate')).toBeNull();
      const body = await response.text();
      expect(body).toContain('unavailable');
      expect(body).not.toContain('hunter2');
    });
  });
}
