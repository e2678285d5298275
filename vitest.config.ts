import { defineConfig } from 'vitest/config';
import { OTHER_NODES } from './packages/testkit/src/nodes.ts';

// The condition `source` makes the packages' own names lead to their TypeScript sources.
const conditions = ['source', 'node'];

/** Tests that run `ajwt` and `ajwtd` as commands. */
const COMMANDS = ['packages/*/test/cli/**/*.test.ts', 'packages/server/test/e2e/key-import.test.ts'];

/** Tests that need a database server, Redis or a proxy. */
const SERVERS = [
  'packages/lib/test/nonce-stores/redis/*.test.ts',
  'packages/lib/test/nonce-stores/sql/{mariadb,postgres}.test.ts',
  'packages/lib/test/nonce-stores/interleavings-servers.test.ts',
  'packages/lib/test/key-stores/application-tables/*.test.ts',
  'packages/lib/test/key-stores/directory/servers.test.ts',
  'packages/server/test/database/{clock,listen,start-together}.test.ts',
  'packages/server/test/e2e/{databases,databases-tls,doctor-proxy,doctor-servers,prometheus,proxies,readiness,shared-nonces}.test.ts',
  'test/{chaos/broken,own-users,replay-guard/race}.test.ts',
];

/** Tests with `ajwtd serve`, with a page of the documentation, or of the library on other runtimes. */
const END_TO_END = [
  'packages/server/test/e2e/*.test.ts',
  'packages/lib/test/client/request-lines-on-nodes.test.ts',
  'packages/lib/test/ed25519/engines.test.ts',
  'packages/lib/test/browser/chromium.test.ts',
  'packages/lib/test/runtimes/runtimes.test.ts',
  'test/{demo,docs}.test.ts',
];

/** The search through all states of the replay rule. It runs no code of the packages. */
const MODEL = ['test/model/*.test.ts'];

/** Tests of the packed packages. */
const RELEASE = ['test/release/*.test.ts'];

/**
 * A test with a module mock, which would replace the module for other files too, one that looks for open connections, and those that count
 * the timers of their process.
 */
const ISOLATED = [
  'packages/lib/test/core/order-of-checks.test.ts',
  'packages/lib/test/nonce-stores/shared/group.test.ts',
  'packages/lib/test/nonce-stores/sql/every-second.test.ts',
  'packages/server/test/gateway/decision-feed.test.ts',
  'packages/server/test/metrics/regularly.test.ts',
  'test/examples.test.ts',
];

/**
 * End-to-end tests that `npm run test:all` runs again with `ajwtd` on other versions of Node: those in which Node's own HTTP parser,
 * headers and streams decide. Real proxies and large bodies send ordinary requests, and are tested on one version.
 */
const ON_OTHER_NODES = ['early-responses', 'forwarded', 'fuzz', 'limits', 'smuggling', 'upstream-connections'].map(
  (name) => `packages/server/test/e2e/${name}.test.ts`,
);

/** Tests that start commands as processes start them from bundles. */
const BUNDLED = { globalSetup: ['packages/testkit/src/build-commands.ts'] };

/** A project: the files that match `include` and are not in another project. */
function project(name: string, include: readonly string[], elsewhere: readonly string[], more: object = {}) {
  const exclude = ['**/node_modules/**', 'test/interop/**', ...elsewhere];
  return { extends: true as const, test: { name, include: [...include], exclude, ...more } };
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    setupFiles: ['packages/testkit/src/setup.ts'],
    // Files of a worker share modules. Tests that change globals restore them.
    isolate: false,
    unstubEnvs: true,
    // Most of the time goes by in servers that start and end: while one file waits, another works.
    maxWorkers: '100%',
    // Conditions are waited for; how long that takes is the machine's affair.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      project(
        'unit',
        ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
        [...ISOLATED, ...COMMANDS, ...SERVERS, ...END_TO_END, ...MODEL, ...RELEASE],
      ),
      project('isolated', ISOLATED, [], { isolate: true }),
      project('cli', COMMANDS, [], BUNDLED),
      project('e2e', END_TO_END, [...COMMANDS, ...SERVERS], BUNDLED),
      project('model', MODEL, []),
      project('servers', SERVERS, [], BUNDLED),
      project('release', RELEASE, [], { globalSetup: ['test/release/setup.ts'] }),
      ...(process.env.AJWT_TEST_ALL === undefined ? [] : OTHER_NODES).map(({ version, program }) =>
        project(`Node ${version}`, ON_OTHER_NODES, [], { ...BUNDLED, env: { AJWT_TEST_NODE: program } }),
      ),
    ],
  },
});
