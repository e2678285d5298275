import { signedUndici } from 'asymmetric-jwt-auth/undici';
import { Agent, interceptors, request } from 'undici';
import { expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { librarySuite } from './library-suite.ts';

librarySuite('undici', ({ key, origin }) => {
  const bind = ['aud', 'htm', 'target'] as const;
  const { redirect, retry } = interceptors;
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } }).compose(
    signedUndici({ username: 'guido', key, origin, bind }),
    redirect({ maxRedirections: 5 }),
    retry({ minTimeout: 1, statusCodes: [503] }),
  );
  return {
    async send(url, { method, body }) {
      const { statusCode, body: answer } = await request(url, { dispatcher, method, body: body ?? null });
      await answer.dump();
      return statusCode;
    },
    async stream(url, body) {
      const { body: answer } = await request(url, { dispatcher, method: 'POST', body });
      const { value } = await answer[Symbol.asyncIterator]().next();
      return String(value);
    },
  };
});

test('an unknown option does not compile and is refused; an invalid origin is refused', async () => {
  const key = await PrivateKey.generate();
  // @ts-expect-error misspelt
  expect(() => signedUndici({ username: 'guido', key, origin: 'http://a', orign: 1 })).toThrow('option orign: unknown');
  expect(() => signedUndici({ username: 'guido', key, origin: 'http://a/path' })).toThrow('option origin');
});
