import { Readable } from 'node:stream';
import { countingServers } from 'ajwt-testkit/counting-server';
import { signedGot } from 'asymmetric-jwt-auth/got';
import got from 'got';
import { expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { librarySuite } from './library-suite.ts';

librarySuite('got', ({ key }) => {
  const api = got.extend(signedGot({ username: 'guido', key, bind: ['aud', 'htm', 'target'] }), {
    throwHttpErrors: false,
    https: { rejectUnauthorized: false },
    retry: { limit: 3, statusCodes: [503], calculateDelay: ({ computedValue }) => (computedValue === 0 ? 0 : 1) },
  });
  return {
    async send(url, { method, body }) {
      const { statusCode } = await api(url, { method: method as 'GET', ...(body === undefined ? {} : { body }) });
      return statusCode;
    },
    async stream(url, body) {
      const answer = api.stream.post(url, { body, retry: { limit: 0 } });
      for await (const chunk of answer.iterator({ destroyOnReturn: false })) return String(chunk);
      return '';
    },
  };
});

test('an unknown option does not compile and is refused', async () => {
  const key = await PrivateKey.generate();
  // @ts-expect-error misspelt
  expect(() => signedGot({ username: 'guido', key, bnd: [] })).toThrow('option bnd: unknown');
});

test('does not send a stream again, uses the corrected clock for the next request, and reports a clock that is too far off', async () => {
  const servers = await countingServers();
  try {
    const signing = signedGot({ username: 'guido', key: servers.key, bind: ['aud'] });
    const api = got.extend(signing, { throwHttpErrors: false, retry: { limit: 0 } });
    const url = `${servers.origin}/me`;

    servers.ahead = 240;
    expect((await api.post(url, { body: Readable.from(['a']) })).statusCode).toBe(401);
    expect((await api.post(url, { json: { a: 1 } })).statusCode).toBe(200);
    expect(servers.received.map(({ body }) => body)).toEqual(['a', '{"a":1}']);

    servers.ahead = -240;
    expect((await api.post(url, { json: { a: 2 } })).statusCode).toBe(200);
    expect(servers.received.slice(2).map(({ body, accepted }) => [body, accepted])).toEqual([
      ['{"a":2}', false],
      ['{"a":2}', true],
    ]);

    servers.ahead = 1000;
    await expect(api(url)).rejects.toThrow(/1000(?:\.\d)? s/);
  } finally {
    servers.close();
  }
});
