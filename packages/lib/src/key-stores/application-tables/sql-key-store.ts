/** A key store over the tables in which your application keeps its users and keys. */
import type { Kysely } from 'kysely';
import { hintedStore } from '../../core/hinted.ts';
import { mappedStore, type SqlKeyStore } from '../shared/mapped-key-store.ts';
import type { AnyOptions, ColumnName, RowOf, SqlKeyStoreOptions, TableName } from '../shared/mapping.ts';

/**
 * Creates a key store over existing tables. It finds a user and all its keys in one query.
 *
 * @param database - a `Kysely` instance; `result.user` has the row type of the users' table
 * @param options - {@link SqlKeyStoreOptions}: the tables and columns
 * @returns a store; close it before you destroy the database
 * @throws TypeError for an option that is unknown, missing or out of range; the message names the option
 *
 * @example
 * ```ts
 * import { nodeSqliteDialect, sqlKeyStore } from 'asymmetric-jwt-auth/sql';
 * import { Kysely, sql } from 'kysely';
 *
 * const db = new Kysely<{ app: { id: number; name: string; public_key: string } }>({ dialect: nodeSqliteDialect(':memory:') });
 * await sql`CREATE TABLE app (id INTEGER PRIMARY KEY, name TEXT UNIQUE, public_key TEXT)`.execute(db);
 * const users = { table: 'app', id: 'id', username: 'name' } as const;
 * const keys = sqlKeyStore(db, { users, keys: { publicKey: 'public_key' } });
 * console.log(await keys.find('guido', { kid: undefined, alg: 'EdDSA' })); // undefined
 * await keys.close();
 * await db.destroy();
 * ```
 */
export function sqlKeyStore<
  DB,
  Users extends TableName<DB>,
  Keys extends TableName<DB> = never,
  Selected extends ColumnName<DB, Users> = ColumnName<DB, Users>,
  Sets extends TableName<DB> = never,
>(
  database: Kysely<DB>,
  options: SqlKeyStoreOptions<DB, Users, Keys, Selected, Sets>,
): SqlKeyStore<Pick<RowOf<DB, Users>, Selected & keyof RowOf<DB, Users>>> {
  const store = mappedStore(database, options as unknown as AnyOptions);
  // The keys that this store finds in JWK sets depend on the hint.
  return (options.jwks === undefined ? store : hintedStore(store)) as never;
}
