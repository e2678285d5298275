/** The public names of the SQL stores. */
export {
  type AddedKey,
  type AddedKeySet,
  type AuditAction,
  type AuditEntry,
  type AuditQuery,
  type Directory,
  DirectoryError,
  type DirectoryErrorCode,
  type DirectoryKey,
  type DirectoryKeyOptions,
  type DirectoryKeySet,
  type DirectoryKeySetOptions,
  type DirectoryUser,
  type KeyChanges,
  type Page,
  type PageQuery,
  type UrgentChange,
} from '../key-stores/directory.ts';
export {
  type DjangoKeyStoreOptions,
  type DjangoUser,
  type DjangoUsersMapping,
  djangoKeyStore,
} from '../key-stores/django.ts';
export { type SqlKeyStore, sqlKeyStore } from '../key-stores/mapped.ts';
export type {
  Condition,
  KeyColumns,
  KeySetsMapping,
  KeysMapping,
  KeysOf,
  LastUsedColumn,
  SqlKeyStoreOptions,
  UsersMapping,
} from '../key-stores/mapping.ts';
export type { BadKey } from '../key-stores/row-keys.ts';
export { type SqlDirectoryOptions, sqlDirectory } from '../key-stores/sql.ts';
export { directoryMigrationSql } from '../key-stores/sql-schema.ts';
export { type SqlDatabase, type SqlNonceStoreOptions, sqlNonceStore } from '../nonce-stores/sql.ts';
export { type DirectoryRevision, directoryRevision } from './directory-revision.ts';
export { type NodeSqliteOptions, nodeSqlite } from './node-sqlite.ts';
