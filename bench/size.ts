/** Measures the sizes of bundles of the verify path and of the client, minified and gzipped. */
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const ENTRIES = [
  {
    name: 'the verify path: createAuthenticator with memory stores',
    budget: 13,
    code: "export { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';",
  },
  {
    name: 'the same with PublicKey and all its formats',
    budget: undefined,
    code: "export { createAuthenticator, PublicKey, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';",
  },
  {
    name: 'the client: createAuthorization and createSignedFetch',
    budget: 5.5,
    code: "export { createAuthorization, createSignedFetch } from 'asymmetric-jwt-auth/client';",
  },
  {
    name: 'the same with PrivateKey and all its formats',
    budget: undefined,
    code: "export * from 'asymmetric-jwt-auth/client';",
  },
] as const;

export async function benchSize(): Promise<readonly { name: string; kilobytes: number; budget: number | undefined }[]> {
  return Promise.all(
    ENTRIES.map(async ({ name, budget, code }) => {
      const bundle = await rolldown({
        input: 'entry',
        platform: 'node',
        resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
        plugins: [
          {
            name: 'entry',
            resolveId: (id) => (id === 'entry' ? resolve('bench/entry.ts') : null),
            load: (id) => (id === resolve('bench/entry.ts') ? code : null),
          },
        ],
      });
      const { output } = await bundle.generate({ format: 'esm', minify: true });
      const bytes = output.reduce(
        (sum, chunk) => sum + (chunk.type === 'chunk' && chunk.isEntry ? gzipSync(chunk.code).length : 0),
        0,
      );
      return { name, kilobytes: bytes / 1000, budget };
    }),
  );
}
