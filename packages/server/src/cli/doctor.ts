/** `ajwtd doctor`: lists the rows of a Django site that would stop working. */
import { defineCommand } from 'ajwt-cli-kit';
import { readDatabase } from '../database/config.ts';
import { JSON_OPTION, printJson, printTable } from './listing.ts';
import { DATABASE_OPTION, readWords } from './with-directory.ts';

export const doctor = defineCommand({
  name: 'ajwtd doctor',
  usage: '--database URL [--json]',
  about: [
    'Reads the database of a Django site that uses the Python package asymmetric_jwt_auth, and lists the rows that would stop working with ajwtd: unsupported keys, keys shared by several users, invalid usernames, inactive users, and JWK sets that would not be fetched.',
    'Changes nothing, and prints no key material.',
  ],
  options: {
    ...DATABASE_OPTION,
    'users-table': { type: 'string', value: 'TABLE', help: 'table of users (default: auth_user)' },
    'username-column': { type: 'string', value: 'COLUMN', help: 'column of usernames (default: username)' },
    'id-column': { type: 'string', value: 'COLUMN', help: 'column of the primary key (default: id)' },
    ...JSON_OPTION,
  },
  exitCodes: [
    ['0', 'everything would work'],
    ['1', 'something would stop working, or the database cannot be read'],
  ],
  examples: ['ajwtd doctor --database sqlite:/srv/site/db.sqlite3'],
  async run(values, { words, named, io }) {
    readWords(words, []);
    const config = readDatabase(values.database, named('database'));
    const { examineDatabase } = await import('../operations/doctor/database.ts');
    const users = {
      table: values['users-table'] ?? 'auth_user',
      id: values['id-column'] ?? 'id',
      username: values['username-column'] ?? 'username',
    };
    const { findings, ...counts } = await examineDatabase(config, users);
    if (values.json) printJson(io, { ok: findings.length === 0, ...counts, findings });
    else if (findings.length > 0) {
      const rows = findings.map(({ username, problem, table, id, detail }) => [
        username,
        problem,
        `${table} ${id}`,
        detail,
      ]);
      printTable(io, ['USER', 'PROBLEM', 'ROW', 'DETAIL'], rows);
    }
    const { keys, keySets } = counts;
    const examined = `${several(keys, 'key')} and ${several(keySets, 'JWK set')} of ${several(counts.users, 'user')}`;
    io.note(
      `${examined}: ${findings.length === 0 ? 'all of them would work' : `${findings.length} would stop working`}`,
    );
    return findings.length === 0 ? 0 : 1;
  },
});

function several(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
