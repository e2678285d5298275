import { defineConfig } from 'vitest/config';
import { OTHER_NODES } from './packages/testkit/src/nodes.ts';

// The condition `source` makes the packages' own names lead to their TypeScript sources.
const conditions = ['source', 'node'];

/**
 * End-to-end tests that `npm run test:all` runs again with `ajwtd` on other versions of Node: those in which Node's own HTTP parser,
 * headers and streams decide. Real proxies and large bodies send ordinary requests, and are tested on one version.
 */
const ON_OTHER_NODES = ['early-responses', 'forwarded', 'fuzz', 'limits', 'smuggling', 'upstream-connections'].map(
  (name) => `packages/server/test/e2e/${name}.test.ts`,
);

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Most of the time goes by in servers that start and end: while one file waits, another works.
    maxWorkers: '100%',
    // Conditions are waited for; how long that takes is the machine's affair.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/interop/**'],
        },
      },
      ...(process.env.AJWT_TEST_ALL === undefined ? [] : OTHER_NODES).map(({ version, program }) => ({
        extends: true as const,
        test: { name: `Node ${version}`, include: ON_OTHER_NODES, env: { AJWT_TEST_NODE: program } },
      })),
    ],
  },
});
