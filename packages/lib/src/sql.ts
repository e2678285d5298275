/**
 * Stores users, keys and used nonces in SQLite, PostgreSQL, MySQL or MariaDB, through Kysely.
 *
 * - Users and keys: {@link sqlDirectory} creates its own tables, and administers, rotates and audits keys. {@link sqlKeyStore} reads tables
 *   that you already have. {@link djangoKeyStore} reads the tables of the Python package.
 * - Nonces: {@link sqlNonceStore}, for all processes that share the database.
 *
 * {@link nodeSqliteDialect} connects Kysely to the SQLite that is built into Node.
 */

export { sqlKeyStore } from './key-stores/application-tables/sql-key-store.ts';
export {
  type AddedJwks,
  type AddedKey,
  type AuditAction,
  type AuditEntry,
  type AuditQuery,
  type Directory,
  DirectoryError,
  type DirectoryErrorCode,
  type DirectoryJwks,
  type DirectoryJwksOptions,
  type DirectoryKey,
  type DirectoryKeyOptions,
  type DirectoryUser,
  type KeyChanges,
  type Page,
  type PageQuery,
  type UrgentChange,
} from './key-stores/directory/directory.ts';
export { directoryMigrationSql } from './key-stores/directory/migrations.ts';
export { type SqlDirectoryOptions, sqlDirectory } from './key-stores/directory/sql-directory.ts';
export {
  type DjangoKeyStoreOptions,
  type DjangoUser,
  type DjangoUsersMapping,
  djangoKeyStore,
} from './key-stores/django/django-key-store.ts';
export type { SqlKeyStore } from './key-stores/shared/mapped-key-store.ts';
export type {
  ColumnCondition,
  FindJwksKeys,
  JwksMapping,
  KeyColumns,
  KeysMapping,
  LastUsedColumn,
  SqlKeyStoreOptions,
  UnreadableKeyRow,
  UsersMapping,
} from './key-stores/shared/mapping.ts';
export { type DirectoryRevision, directoryRevision } from './kysely/directory-revision.ts';
export { type NodeSqliteOptions, nodeSqliteDialect } from './kysely/node-sqlite-dialect.ts';
export {
  type SqlDatabase,
  type SqlNonceStore,
  type SqlNonceStoreOptions,
  sqlNonceStore,
} from './nonce-stores/sql/sql-nonce-store.ts';
