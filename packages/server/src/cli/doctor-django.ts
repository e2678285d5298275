/** Examines the database of a Django site, for `ajwtd doctor --django`. */
import type { Io } from 'ajwt-cli-kit';
import { readDatabase } from '../database/config.ts';
import { printJson, printTable } from './listing.ts';

/** The options of `ajwtd doctor` that are read here. */
export interface DjangoValues {
  readonly database: string | undefined;
  readonly 'users-table': string | undefined;
  readonly 'username-column': string | undefined;
  readonly 'id-column': string | undefined;
  readonly json: boolean;
}

/**
 * Prints the rows that would stop working.
 *
 * @param option - name of the option or variable with the URL of the database, for messages
 * @returns the exit code
 * @throws CommandError if the database cannot be read
 */
export async function examineDjango(values: DjangoValues, option: string, io: Io): Promise<number> {
  const config = readDatabase(values.database, option);
  const { examineDatabase } = await import('../operations/doctor/django/database.ts');
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
  io.note(`${examined}: ${findings.length === 0 ? 'all of them would work' : `${findings.length} would stop working`}`);
  return findings.length === 0 ? 0 : 1;
}

function several(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
