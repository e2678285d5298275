/** Users, keys and nonces in a database server: PostgreSQL and MariaDB. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Ajwtd, ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { payload, publicKeyOf, token } from 'ajwt-testkit/directory';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { signToken } from 'ajwt-testkit/sign';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const path = scratch();
const alice = generateKeyPairSync('ed25519').privateKey;
const withToken = (sent: string) => request('/.ajwt/auth', [`Authorization: JWT ${sent}`]);

/** Waits until a fresh token is accepted. @param timeout - maximum time in milliseconds */
async function serves({ port }: Ajwtd, timeout: number): Promise<void> {
  const status = async () => (await exchange(port, withToken(token('alice', alice)))).status;
  await expect.poll(status, { timeout, interval: 50 }).toBe(200);
}

/**
 * Sends fresh tokens one after another until each server has responded with the given status three times in a row. Every request sent more
 * than a second after the call must get that status.
 */
async function expectWithinASecond(servers: readonly Ajwtd[], make: () => string, status: number): Promise<void> {
  const deadline = performance.now() + 1000;
  for (const { port } of servers) {
    for (let inARow = 0; inARow < 3; ) {
      const isLate = performance.now() > deadline;
      const seen = (await exchange(port, withToken(make()))).status;
      if (isLate) expect(seen).toBe(status);
      inARow = seen === status ? inARow + 1 : 0;
    }
  }
}

describe.each([
  {
    name: 'PostgreSQL',
    lacks: lacksPostgres,
    schema: '',
    make: () => PostgresServer.start(),
    url: (port: number, password = '') => `postgres://postgres${password}@127.0.0.1:${port}/postgres`,
  },
  {
    name: 'MariaDB',
    lacks: lacksMariadb,
    schema: 'test.',
    make: () => MariadbServer.start(),
    url: (port: number, password = '') => `mariadb://test${password}@127.0.0.1:${port}/test`,
  },
])('$name', ({ lacks, schema, make, url }) => {
  describe.skipIf(lacks)('as the database of ajwtd', () => {
    let database: PostgresServer | MariadbServer;
    let where: string;
    beforeAll(async () => {
      database = await make();
      where = url(database.port);
      writeFileSync(path('alice.pub'), publicKeyOf(alice).toOpenSsh());
    }, 60_000);
    afterAll(() => database.remove());

    const command = async (...words: readonly string[]) => {
      const { code, stdout, stderr } = await ajwtd([...words], { env: { AJWTD_DATABASE: where } });
      expect(code, stderr).toBe(0);
      return { stdout, stderr };
    };

    test('the first command creates the tables and stores the user and the key', async () => {
      const { stdout, stderr } = await command('key', 'add', 'alice', path('alice.pub'));
      expect(stderr).toBe(`created the database ${where}\nalice was added\nalice now has this key\n`);
      expect(stdout).toBe(`${publicKeyOf(alice).fingerprint}\n`);
      expect(JSON.parse((await command('user', 'show', 'alice', '--json')).stdout)).toMatchObject({
        username: 'alice',
        disabled: false,
        keys: [{ fingerprint: publicKeyOf(alice).fingerprint, state: 'active' }],
      });
      expect((await command('migrate')).stderr).toBe(`${where} is up to date\n`);
    });

    test('servers and their workers accept each token once, and see changes within a second', async () => {
      const servers = await Promise.all([
        serve({ database: where }),
        serve({ database: where, args: ['--workers', '2'] }),
      ]);
      await servers[1]?.logged(({ msg }) => msg === 'all workers are listening');
      for (const server of servers) await serves(server, 5000);
      for (let round = 0; round < 5; round++) {
        const bytes = withToken(token('alice', alice));
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) => exchange(servers[index % 2]?.port as number, bytes)),
        );
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      }
      for (const [change, status] of [
        ['disable', 401],
        ['enable', 200],
      ] as const) {
        await command('user', change, 'alice');
        await expectWithinASecond(servers, () => token('alice', alice), status);
      }
      for (const server of servers) expect(await server.stop()).toEqual({ code: 0, signal: null });
    });

    test.each(['key revoke', 'user disable'])(
      'under load, every request sent more than a second after %s is refused',
      async (change) => {
        const name = change.replace(' ', '-');
        const key = generateKeyPairSync('ed25519').privateKey;
        writeFileSync(path(`${name}.pub`), publicKeyOf(key).toOpenSsh());
        const { stdout } = await command('key', 'add', name, path(`${name}.pub`));
        const servers = await Promise.all([serve({ database: where }), serve({ database: where })]);
        for (const server of servers) await serves(server, 5000);
        let end = Number.POSITIVE_INFINITY;
        let before = 0;
        const after: number[] = [];
        const senders = servers
          .flatMap(({ port }) => [port, port])
          .map(async (port) => {
            while (after.length < 40) {
              const sent = performance.now();
              const { status } = await exchange(port, withToken(token(name, key)));
              if (sent > end + 1000) after.push(status);
              else if (status === 200) before += 1;
            }
          });
        await command(...change.split(' '), change.startsWith('key') ? stdout.trim() : name);
        end = performance.now();
        await Promise.all(senders);
        expect(before).toBeGreaterThan(0);
        expect(after).toEqual(Array(after.length).fill(401));
        const [listed] = JSON.parse((await command('key', 'list', name, '--json')).stdout);
        expect(listed).toMatchObject({ firstUsed: expect.any(String), lastUsed: expect.any(String) });
        for (const server of servers) await server.stop();
      },
    );

    test('a running server sees an added or removed JWK set within a second', async () => {
      const key = generateKeyPairSync('ed25519').privateKey;
      await command('user', 'add', 'partner');
      const server = await serve({ database: where });
      await serves(server, 5000);
      expect((await exchange(server.port, withToken(token('partner', key)))).status).toBe(401);
      // The server does not fetch from a private host, so it cannot check tokens that may be signed with a key of this set.
      for (const [change, status] of [
        ['add', 503],
        ['remove', 401],
      ] as const) {
        await command('jwks', change, 'partner', 'https://localhost/jwks.json');
        await expectWithinASecond([server], () => token('partner', key), status);
      }
      await server.stop();
    });

    test('a revoked key that is still used is logged as a warning and shown by key list', async () => {
      const key = generateKeyPairSync('ed25519').privateKey;
      writeFileSync(path('late.pub'), publicKeyOf(key).toOpenSsh());
      const { stdout } = await command('key', 'add', 'late', path('late.pub'));
      await command('key', 'revoke', stdout.trim());
      const server = await serve({ database: where });
      const header = `{"alg":"EdDSA","typ":"JWT","kid":"${publicKeyOf(key).kid}"}`;
      for (let count = 0; count < 3; count++) {
        const bytes = withToken(signToken(header, payload('late', {}), key));
        expect((await exchange(server.port, bytes)).status).toBe(401);
      }
      const warning = await server.logged(({ level }) => level === 'warn');
      expect(warning).toMatchObject({ username: 'late', kid: publicKeyOf(key).kid, reason: 'key_revoked' });
      await server.stop();
      expect(server.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
      expect(JSON.parse((await command('key', 'list', 'late', '--json')).stdout)).toMatchObject([
        { state: 'revoked', lastRefused: expect.any(String), lastUsed: null },
      ]);
    });

    test('the server responds with 503 while the database is down, and accepts requests within 5 s after it is back', async () => {
      const server = await serve({ database: where });
      await serves(server, 5000);
      const used = withToken(token('alice', alice));
      expect((await exchange(server.port, used)).status).toBe(200);
      await database.crash();
      for (let count = 0; count < 5; count++) {
        const answer = await exchange(server.port, withToken(token('alice', alice)));
        expect([answer.status, answer.header('retry-after')]).toEqual([503, '1']);
      }
      await database.restart();
      await serves(server, 5000);
      expect((await exchange(server.port, used)).status).toBe(401);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    });

    test('if the database is down, servers, workers and commands print one line without the password', async () => {
      const gone = url(1, ':s3cret');
      for (const words of [
        ['serve', '--listen', '127.0.0.1:0'],
        ['serve', '--listen', '127.0.0.1:0', '--workers', '2'],
        ['user', 'list'],
        ['migrate'],
      ]) {
        const { code, stdout, stderr } = await ajwtd([...words, '--database', gone]);
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toMatch(
          /^ajwtd: the database \w+:\/\/\w+@127\.0\.0\.1:1\/\w+ cannot be opened: [^\n]*ECONNREFUSED[^\n]*\n$/,
        );
      }
    });

    test('tables of an older version are migrated only by ajwtd migrate', async () => {
      await database.query(`DELETE FROM ${schema}ajwt_migration`);
      const refused = await ajwtd(['user', 'list', '--database', where]);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toBe(
        `ajwtd: ${where} lacks 2026-11-directory, 2026-11-key-sets; run \`ajwtd migrate\` first\n`,
      );
      expect((await command('migrate')).stderr).toBe(
        `2026-11-directory: done\n2026-11-key-sets: done\n${where} is up to date\n`,
      );
      expect(JSON.parse((await command('user', 'list', '--search', 'alice', '--json')).stdout)).toMatchObject([
        { username: 'alice' },
      ]);
    });
  });
});
