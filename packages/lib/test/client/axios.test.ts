import { Agent } from 'node:https';
import type { Readable } from 'node:stream';
import { countingServers } from 'ajwt-testkit/counting-server';
import { signedAxios } from 'asymmetric-jwt-auth/axios';
import axios from 'axios';
import { expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { librarySuite } from './library-suite.ts';

librarySuite('axios', ({ key }) => {
  const api = axios.create({
    adapter: signedAxios(axios, { username: 'guido', key, bind: ['aud', 'htm', 'target'] }),
    validateStatus: (status) => status !== 503,
    httpsAgent: new Agent({ rejectUnauthorized: false }),
    proxy: false,
  });
  // Retries as axios-retry does: sends the same configuration again.
  api.interceptors.response.use(undefined, (error) => {
    if (error.response?.status !== 503) throw error;
    return api.request(error.config);
  });
  return {
    send: async (url, { method, body }) =>
      (await api.request({ url, method, ...(body === undefined ? {} : { data: body }) })).status,
    async stream(url, body) {
      const { data } = await api.post<Readable>(url, body, { responseType: 'stream' });
      const chunk = await new Promise((resolve) => data.once('data', resolve));
      return String(chunk);
    },
  };
});

test('an unknown option does not compile and is refused', async () => {
  const key = await PrivateKey.generate();
  // @ts-expect-error misspelt
  expect(() => signedAxios(axios, { username: 'guido', key, clok: {} })).toThrow('option clok: unknown');
});

test.each<readonly [string, () => unknown, string]>([
  ['a form', () => new FormData(), 'name="greeting"'],
  ['a Blob', () => new Blob(['hello']), 'hello'],
  ['URL parameters', () => new URLSearchParams({ greeting: 'hello' }), 'greeting=hello'],
])('sends %s again after a stale_time refusal and after a redirect', async (_, make, content) => {
  const servers = await countingServers();
  const api = axios.create({
    adapter: signedAxios(axios, { username: 'guido', key: servers.key, bind: ['aud'] }),
    proxy: false,
  });
  const body = make();
  if (body instanceof FormData) body.set('greeting', 'hello');
  servers.ahead = 240;
  await api.post(servers.redirect(307, '/there'), body);
  servers.close();
  expect(servers.received.map(({ url, accepted }) => [url, accepted])).toEqual([
    [expect.stringContaining('307'), false],
    [expect.stringContaining('307'), true],
    ['/there', true],
  ]);
  for (const received of servers.received) expect(received.body).toContain(content);
});

test('an error contains the configuration that the caller passed, but no token', async () => {
  const key = await PrivateKey.generate();
  const api = axios.create({ adapter: signedAxios(axios, { username: 'guido', key }), proxy: false });
  // No program listens on port 1.
  const error = await api.get('http://127.0.0.1:1/me').catch((reason: unknown) => reason);
  expect(axios.isAxiosError(error) && error.config?.url).toBe('http://127.0.0.1:1/me');
  expect(axios.isAxiosError(error) && error.config?.headers.has('authorization')).toBe(false);
});
