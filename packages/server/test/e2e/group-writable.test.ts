/** A database on a volume that a group can write to. */
import { chmodSync } from 'node:fs';
import { ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { databaseWith } from 'ajwt-testkit/directory';
import { expect, test } from 'vitest';

const file = scratch();

test('a server, even with several workers, warns once about a database that a group can write to, and refuses one that anyone can write to', async () => {
  const database = file('ajwt.db');
  await databaseWith(database, ['alice']);
  chmodSync(database, 0o660);
  const server = await serve({ database, args: ['--workers', '2'] });
  await server.logged(({ msg }) => msg === 'all workers are listening');
  const warning = await server.logged(({ msg }) => /is writable by the group/.test(String(msg)));
  expect(warning).toMatchObject({ level: 'warn', msg: expect.stringContaining(`the database file ${database} is`) });
  await server.stop();

  chmodSync(database, 0o666);
  const { code, stderr } = await ajwtd(['user', 'list', '--database', `sqlite:${database}`]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^ajwtd: the database file \S+ is writable by anyone \(owner \S+, mode 0666\).*`chmod o-w` on it\n$/,
  );
});
