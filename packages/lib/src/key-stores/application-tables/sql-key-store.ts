/** A key store over an application's own tables of users and keys. */
import type { Kysely } from 'kysely';
import { hintedStore } from '../../core/hinted.ts';
import { mappedStore, type SqlKeyStore } from '../shared/mapped-key-store.ts';
import type { AnyOptions, ColumnName, RowOf, SqlKeyStoreOptions, TableName } from '../shared/mapping.ts';

/**
 * Makes a key store over tables that are there already: one query finds a user with all its keys.
 *
 * @param database - a `Kysely` instance; its type gives `result.user` the type of a row
 * @param options - which tables and columns these are
 * @returns a store; it is closed before the database is destroyed
 * @throws TypeError for an option that is unknown, missing or out of its range; the message names it
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
  // Keys of JWK sets are looked up by the token's hint.
  return (options.jwks === undefined ? store : hintedStore(store)) as never;
}
