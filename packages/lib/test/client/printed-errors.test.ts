/** If a program prints a response or an error, the output contains no token: even a refused token may be valid for a few more seconds. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Agent as TlsAgent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { certify } from 'ajwt-testkit/authority';
import { signedAxios } from 'asymmetric-jwt-auth/axios';
import { createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';
import { signedGot } from 'asymmetric-jwt-auth/got';
import { signedKy } from 'asymmetric-jwt-auth/ky';
import { signedUndici } from 'asymmetric-jwt-auth/undici';
import axios from 'axios';
import got from 'got';
import ky from 'ky';
import { Agent, interceptors, request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const options = { username: 'guido', key: await PrivateKey.generate() };
const received: string[] = [];
const serve = ({ headers, url }: IncomingMessage, response: ServerResponse) => {
  received.push(headers.authorization ?? '');
  response.writeHead(url === '/good' ? 200 : 503).end('body');
};
const { ca, cert, key } = certify('localhost');
const servers = { http: createServer(serve), https: createTlsServer({ cert, key }, serve) };
beforeAll(async () => {
  for (const server of Object.values(servers)) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  for (const server of Object.values(servers)) {
    server.closeAllConnections();
    server.close();
  }
});
const at = (scheme: 'http' | 'https', path: string) =>
  `${scheme}://localhost:${(servers[scheme].address() as AddressInfo).port}${path}`;

const viaAxios = axios.create({ adapter: signedAxios(axios, options), proxy: false, httpsAgent: new TlsAgent({ ca }) });
const viaGot = got.extend(signedGot(options), { retry: { limit: 0 }, https: { certificateAuthority: ca } });
const throughUndici = (url: string) =>
  new Agent({ connect: { ca } }).compose(signedUndici({ ...options, origin: new URL(url).origin }));
/** These clients use Node's fetch, which has no option for trusted certificates. */
const HTTP_ONLY = ['fetch', 'ky'];

const CALLS: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  fetch: async (url) => {
    const response = await createSignedFetch(options)(url);
    if (!response.ok) throw new Error(`status ${response.status}`, { cause: response });
    return response;
  },
  axios: (url) => viaAxios.get(url),
  'axios, a stream': (url) => viaAxios.get(url, { responseType: 'stream' }),
  got: (url) => viaGot.get(url),
  ky: (url) => ky.create({ ...signedKy(options), retry: 0 }).get(url),
  undici: (url) => request(url, { dispatcher: throughUndici(url).compose(interceptors.responseError()) }),
};

const printed = (value: unknown) =>
  [2, 8, Number.POSITIVE_INFINITY].map((depth) => inspect(value, { depth })).join('\n');
const TOKEN = /eyJ[\w-]+\.eyJ/;

describe.each(Object.keys(CALLS))('the printed result of %s contains no token:', (name) => {
  const call = CALLS[name] as (url: string) => Promise<unknown>;
  beforeEach(() => {
    received.length = 0;
  });

  describe.each(HTTP_ONLY.includes(name) ? (['http'] as const) : (['http', 'https'] as const))('over %s', (scheme) => {
    test('a response', async () => {
      const response = await call(at(scheme, '/good'));
      expect(received).toEqual([expect.stringMatching(TOKEN)]);
      expect(printed(response)).not.toMatch(TOKEN);
    });

    test('an error response', async () => {
      const error = await call(at(scheme, '/busy')).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(received).toEqual([expect.stringMatching(TOKEN)]);
      expect(printed(error)).not.toMatch(TOKEN);
    });
  });

  test('a connection error', async () => {
    // No program listens on port 1.
    const error = await call('http://127.0.0.1:1/').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(printed(error)).not.toMatch(TOKEN);
  });
});
