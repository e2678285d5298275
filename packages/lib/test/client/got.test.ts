import { signedGot } from 'asymmetric-jwt-auth/got';
import got from 'got';
import { expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { librarySuite } from './library-suite.ts';

librarySuite(
  'got',
  ({ key }) => {
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
  },
  { learnsClock: false, repeatsBody: true },
);

test('an unknown option does not compile, and is refused; so is a clock', async () => {
  const key = await PrivateKey.generate();
  // @ts-expect-error misspelt
  expect(() => signedGot({ username: 'guido', key, bnd: [] })).toThrow('option bnd: unknown');
  // @ts-expect-error not corrected
  expect(() => signedGot({ username: 'guido', key, clock: {} })).toThrow('option clock');
});
