/** Whoever prints what went wrong prints no token: one that was not let in may be good for some seconds yet. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { signedAxios } from 'asymmetric-jwt-auth/axios';
import { createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';
import { signedGot } from 'asymmetric-jwt-auth/got';
import { signedKy } from 'asymmetric-jwt-auth/ky';
import { signedUndici } from 'asymmetric-jwt-auth/undici';
import axios from 'axios';
import got from 'got';
import ky from 'ky';
import { Agent, interceptors, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const options = { username: 'guido', key: await PrivateKey.generate() };
const received: string[] = [];
const server = createServer(({ headers }, response) => {
  received.push(headers.authorization ?? '');
  response.writeHead(503).end('not now');
});
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(() => server.close());
const here = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const CALLS: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  fetch: async (url) => {
    const { ok, status } = await createSignedFetch(options)(url);
    if (!ok) throw new Error(`status ${status}`);
  },
  axios: (url) => axios.create({ adapter: signedAxios(axios, options), proxy: false }).get(url),
  got: (url) => got.extend(signedGot(options), { retry: { limit: 0 } }).get(url),
  ky: (url) => ky.create({ ...signedKy(options), retry: 0 }).get(url),
  undici(url) {
    const signed = signedUndici({ ...options, origin: new URL(url).origin });
    return request(url, { dispatcher: new Agent().compose(signed, interceptors.responseError()) });
  },
};

describe.each(Object.entries(CALLS))('an error of %s', (_, call) => {
  test.each([
    ['that the server answers', here, 1],
    // Port 1 of this machine: nothing listens there.
    ['of a connection', () => 'http://127.0.0.1:1/', 0],
  ])('%s has no token in it', async (_what, url, requests) => {
    received.length = 0;
    const error: unknown = await call(url()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    expect(received.filter((one) => one.startsWith('JWT eyJ'))).toHaveLength(requests);
    for (const depth of [2, 8]) expect(inspect(error, { depth })).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });
});
