import { Readable } from 'node:stream';
import { signedKy } from 'asymmetric-jwt-auth/ky';
import ky from 'ky';
import { expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';
import { librarySuite } from './library-suite.ts';

librarySuite('ky', ({ key }) => {
  const api = ky.create({
    ...signedKy({ username: 'guido', key, bind: ['aud', 'htm', 'target'] }),
    throwHttpErrors: (status: number) => status === 503,
    retry: { limit: 3, statusCodes: [503], delay: () => 1 },
  });
  return {
    async send(url, { method, body }) {
      const response = await api(url, { method, ...(body === undefined ? {} : { body, retry: 0 }) });
      await response.text();
      return response.status;
    },
    async stream(url, body) {
      const response = await api.post(url, { body: Readable.toWeb(body) as ReadableStream, retry: 0 });
      const { value } = await (response.body as ReadableStream<Uint8Array>).getReader().read();
      return Buffer.from(value as Uint8Array).toString();
    },
  };
});

test('an unknown option does not compile and is refused', async () => {
  const key = await PrivateKey.generate();
  // @ts-expect-error misspelt
  expect(() => signedKy({ username: 'guido', key, clok: {} })).toThrow('option clok: unknown');
});
