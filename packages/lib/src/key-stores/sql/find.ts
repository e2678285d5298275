/** Finds a user with all its keys and key sets, in one query. */
import type { Kysely } from 'kysely';
import { isUsername } from '../../core/claims.ts';
import type { KeyRecord, Readiness, UserRecord } from '../../core/contracts.ts';
import { isUnrepresentable } from '../../sql/unrepresentable.ts';
import type { DirectoryUser } from '../directory.ts';
import { type KeyParser, StoredKey } from './key-parser.ts';
import { type StateRow, stateOf, userOf } from './rows.ts';
import type { DirectoryTables } from './tables.ts';

/** One row of the query: a key beside a key set, where the user has any. */
interface FoundRow extends StateRow {
  readonly username: string;
  readonly disabled: number;
  readonly user_created: number;
  readonly fingerprint: string | null;
  readonly kid: string;
  readonly public_key: string;
  readonly alg: string | null;
  readonly url: string | null;
}

/** @param now - seconds since the epoch */
export function userFinder(db: Kysely<DirectoryTables>, parse: KeyParser, now: () => number) {
  const query = db
    .selectFrom('ajwt_user as u')
    .leftJoin('ajwt_key as k', 'k.user_id', 'u.id')
    .leftJoin('ajwt_key_set as s', 's.user_id', 'u.id')
    .select(['u.username', 'u.disabled', 'u.created as user_created'])
    .select([
      'k.fingerprint',
      'k.kid',
      'k.public_key',
      'k.alg',
      'k.staged',
      'k.expires',
      'k.retired',
      'k.revoked',
      's.url',
    ])
    .where('u.username', '=', '')
    .orderBy('k.created', 'desc')
    .orderBy('k.id')
    .orderBy('s.id')
    .compile();

  async function ask(username: string): Promise<readonly FoundRow[]> {
    return (await db.executeQuery<FoundRow>({ ...query, parameters: [username] })).rows;
  }

  /** @returns none for a name that the database cannot hold */
  async function rowsOf(username: string): Promise<readonly FoundRow[]> {
    try {
      return await ask(username);
    } catch (error) {
      if (await isUnrepresentable(db, username, error)) return [];
      throw error;
    }
  }

  async function readiness(): Promise<Readiness> {
    // A name that no token can have.
    await ask('');
    return { ready: true };
  }

  async function find(username: string): Promise<UserRecord<DirectoryUser> | undefined> {
    // PostgreSQL cannot even be asked for a name with NUL.
    if (!isUsername(username)) return undefined;
    const rows = await rowsOf(username);
    const [first] = rows;
    // MySQL pads with spaces, and an application's own connection may write in another character set.
    if (first?.username !== username) return undefined;
    const at = now();
    // Each key stands there once for each key set.
    const keys = new Map<string, KeyRecord>();
    for (const row of rows) {
      const { fingerprint, kid, public_key, alg } = row;
      if (fingerprint === null || keys.has(fingerprint)) continue;
      const key = new StoredKey({ fingerprint, kid, public_key, alg }, parse);
      keys.set(fingerprint, { key, state: stateOf(row, at) });
    }
    const keySets = new Set(rows.flatMap(({ url }) => (url === null ? [] : [url])));
    const user = userOf({ ...first, created: first.user_created });
    return {
      ...{ username, user, disabled: user.disabled },
      ...{ keys: [...keys.values()], keySets: [...keySets], until: nextExpiry(rows, at) },
    };
  }

  return { find, readiness };
}

/** When the first of the keys that have not expired yet will. */
function nextExpiry(rows: readonly FoundRow[], now: number): number | undefined {
  const ahead = rows.flatMap(({ expires }) => (expires !== null && expires > now ? [expires] : []));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
