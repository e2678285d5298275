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
    // Conditions are waited for; how long that takes is the machine's affair.
    expect: { poll: { timeout: 10_000 } },
  },
});
