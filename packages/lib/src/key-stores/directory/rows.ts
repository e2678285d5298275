/** Finds and reads rows of users and keys. */
import type { Kysely } from 'kysely';
import type { KeyState } from '../../core/contracts.ts';
import { isUnrepresentable } from '../../kysely/unrepresentable.ts';
import { DirectoryError, type DirectoryKey, type DirectoryUser } from './directory.ts';
import type { KeyParser } from './stored-key.ts';
import type { DirectoryTables } from './tables.ts';

/** The database, or a transaction in it. */
export type Connection = Kysely<DirectoryTables>;

export function userOf(row: { username: string; disabled: number; created: number }): DirectoryUser {
  // Any value except 0 disables the user.
  return { username: row.username, disabled: row.disabled !== 0, created: row.created };
}

/** The columns that determine the state of a key. */
export interface StateRow {
  readonly staged: number;
  readonly expires: number | null;
  readonly retired: number | null;
  readonly revoked: number | null;
}

/** @param now - the time in seconds since the epoch */
export function stateOf({ staged, expires, retired, revoked }: StateRow, now: number): KeyState {
  if (revoked !== null) return 'revoked';
  if (retired !== null) return 'retired';
  if (expires !== null && expires <= now) return 'expired';
  return staged === 0 ? 'active' : 'staged';
}

/** Selects keys with their users and the times of their uses. */
export function keysIn(connection: Connection) {
  return connection
    .selectFrom('ajwt_key as k')
    .innerJoin('ajwt_user as u', 'u.id', 'k.user_id')
    .leftJoin('ajwt_key_use as use', 'use.fingerprint', 'k.fingerprint')
    .select(['k.id', 'k.user_id', 'k.fingerprint', 'k.kid', 'k.thumbprint', 'k.public_key', 'k.alg', 'k.comment'])
    .select(['k.created', 'k.staged', 'k.expires', 'k.retired', 'k.revoked', 'u.username'])
    .select(['use.first_used', 'use.last_used', 'use.last_refused'])
    .orderBy('k.id');
}

export type KeyRow = Awaited<ReturnType<ReturnType<typeof keysIn>['execute']>>[number];

/** @param now - the time in seconds since the epoch */
export function keyReader({ parse }: KeyParser, now: () => number): (row: KeyRow) => DirectoryKey {
  return (row) => {
    const { username, fingerprint, kid, thumbprint, comment, created, expires, retired, revoked } = row;
    return {
      ...{ username, fingerprint, kid, thumbprint, comment, created, expires, retired, revoked },
      key: parse(row),
      state: stateOf(row, now()),
      firstUsed: row.first_used,
      lastUsed: row.last_used,
      lastRefused: row.last_refused,
    };
  };
}

/** @throws DirectoryError `unknown_user` */
export async function rowOfUser(connection: Connection, username: string) {
  // PostgreSQL refuses a query that contains NUL.
  if (username.isWellFormed() && !username.includes('\0')) {
    const named = connection.selectFrom('ajwt_user').selectAll().where('username', '=', username);
    const row = await named.executeTakeFirst().catch(async (error: unknown) => {
      if (!(await isUnrepresentable(connection, username, error))) throw error;
      return undefined;
    });
    if (row?.username === username) return row;
  }
  throw new DirectoryError('unknown_user', `there is no user ${JSON.stringify(username)}`);
}
