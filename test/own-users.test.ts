/** Runs the recipes of docs/OWN_USERS.md on Drizzle and Prisma tables in a real PostgreSQL. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { environment, mustRun } from 'ajwt-testkit/run';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const EXAMPLES = 'examples/own-users';

describe.skipIf(lacksPostgres)('the recipes in PostgreSQL (needs postgresql)', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server?.remove());

  test.each([
    ['drizzle', 'guido@example.com of PSF'],
    ['prisma', 'guido@example.com, Guido'],
  ])(
    'with %s accept an active and a renewed key, and refuse an expired key, a revoked key, and a disabled user',
    async (name, user) => {
      await server.query(`CREATE DATABASE ${name}`);
      const { user: role, host, port } = server.connection;
      // This test uses a time zone other than UTC.
      const env = environment({ DATABASE_URL: `postgres://${role}@${host}:${port}/${name}`, TZ: 'Asia/Kolkata' });
      const words = ['--conditions=source', `${EXAMPLES}/${name}-demo.ts`];
      const printed = await mustRun(process.execPath, words, { env });
      expect(printed.split('\n')).toEqual([user, 'key_expired', user, 'key_revoked', 'user_disabled', '']);
    },
  );
});

test('the recipes compile', () => mustRun(resolve('node_modules/.bin/tsc'), ['-p', EXAMPLES]));

test.each(['drizzle', 'prisma'])('docs/OWN_USERS.md shows exactly the file %s.ts', (name) => {
  const page = readFileSync('docs/OWN_USERS.md', 'utf8');
  expect(page).toContain(`\`\`\`typescript\n${readFileSync(`${EXAMPLES}/${name}.ts`, 'utf8')}\`\`\`\n`);
});
