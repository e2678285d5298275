/** Builds the query that finds a user of an application with all its keys. */
import type { CompiledQuery } from 'kysely';
import type { AnyDatabase, ColumnCondition, Mapping } from './mapping.ts';

/** Names of our columns in the result. They are plain lower-case letters, which no Kysely plugin renames. */
export const ALIASES = {
  userId: 'ajwtuserid',
  username: 'ajwtusername',
  active: 'ajwtactive',
  disabled: 'ajwtdisabled',
  keyId: 'ajwtkeyid',
  publicKey: 'ajwtpublickey',
  alg: 'ajwtalg',
  keyActive: 'ajwtkeyactive',
  revoked: 'ajwtrevoked',
  expires: 'ajwtexpires',
  setId: 'ajwtsetid',
  url: 'ajwturl',
} as const;

type Alias = keyof typeof ALIASES;

/** A row of the result. It contains the user's columns and our own. There is one row for each key, or a single row if there are no keys. */
export type MappedRow = Readonly<Record<string, unknown>>;

/** Returns the compiled query. Its only parameter is the username. */
export function findQuery(db: AnyDatabase, { users, keys, jwks }: Mapping): CompiledQuery {
  const keysIn = keys.table === undefined ? 'u' : 'k';
  const columns: Readonly<Record<Alias, string | undefined>> = {
    userId: `u.${users.id}`,
    username: `u.${users.username}`,
    active: columnOf('u', users.active),
    disabled: columnOf('u', users.disabled),
    keyId: columnOf(keysIn, keys.id),
    publicKey: columnOf(keysIn, keys.publicKey),
    alg: columnOf(keysIn, keys.alg),
    keyActive: columnOf(keysIn, keys.active),
    revoked: columnOf(keysIn, keys.revoked),
    expires: columnOf(keysIn, keys.expires),
    setId: columnOf('s', jwks?.id),
    url: columnOf('s', jwks?.url),
  };
  const selected = Object.entries(columns).flatMap(([alias, column]) =>
    column === undefined ? [] : [`${column} as ${ALIASES[alias as Alias]}`],
  );
  let query = db.selectFrom(`${users.table} as u`).select(selected).where(`u.${users.username}`, '=', '');
  query = users.select === undefined ? query.selectAll('u') : query.select(users.select.map((column) => `u.${column}`));
  if (keys.table !== undefined) {
    query = query.leftJoin(`${keys.table} as k`, `k.${keys.userId}`, `u.${users.id}`);
    // If ids increase, the newest key comes first, because most callers sign with it.
    if (keys.id !== undefined) query = query.orderBy(`k.${keys.id}`, 'desc');
  }
  if (jwks !== undefined) {
    query = query.leftJoin(`${jwks.table} as s`, `s.${jwks.userId}`, `u.${users.id}`);
  }
  return query.compile();
}

function columnOf(table: string, condition: ColumnCondition<string> | undefined): string | undefined {
  if (condition === undefined) return undefined;
  return `${table}.${typeof condition === 'string' ? condition : condition[0]}`;
}
