import { Readable } from 'node:stream';
import { createSignedFetch } from 'asymmetric-jwt-auth/client';
import { librarySuite } from './library-suite.ts';

librarySuite('fetch', ({ key }) => {
  const api = createSignedFetch({ username: 'guido', key, bind: ['aud', 'htm', 'target'] });
  return {
    async send(url, { method, body }) {
      for (;;) {
        const response = await api(url, { method, body: body ?? null });
        await response.text();
        if (response.status !== 503) return response.status;
      }
    },
    async stream(url, body) {
      const init = { method: 'POST', body: Readable.toWeb(body) as ReadableStream, duplex: 'half' } as RequestInit;
      const { value } = await ((await api(url, init)).body as ReadableStream<Uint8Array>).getReader().read();
      return Buffer.from(value as Uint8Array).toString();
    },
  };
});
