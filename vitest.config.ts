import { defineConfig } from 'vitest/config';

// The condition `source` makes the packages' own names lead to their TypeScript sources.
const conditions = ['source', 'node'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/interop/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Most of the time goes by in servers that start and end: while one file waits, another works.
    maxWorkers: '100%',
    // Conditions are waited for; how long that takes is the machine's affair.
    expect: { poll: { timeout: 10_000 } },
  },
});
