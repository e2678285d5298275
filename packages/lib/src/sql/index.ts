/** The public names of the SQL stores. */
export { type SqlDatabase, type SqlNonceStoreOptions, sqlNonceStore } from '../nonce-stores/sql.ts';
export { nodeSqlite } from './node-sqlite.ts';
