/** Finds a user with all its keys and key sets, in one query. */
import type { Kysely } from 'kysely';
import { isUsername } from '../../core/claims.ts';
import type { KeyHint, KeyRecord, Readiness, UserRecord } from '../../core/contracts.ts';
import { isUnrepresentable } from '../../kysely/unrepresentable.ts';
import type { DirectoryUser } from './directory.ts';
import { type StateRow, stateOf, userOf } from './rows.ts';
import { type KeyParser, StoredKey } from './stored-key.ts';
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
export function userFinder(db: Kysely<DirectoryTables>, parser: KeyParser, now: () => number) {
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

  /** The rows of the user that was found last. */
  let lastFound: readonly [FoundRow, ...FoundRow[]] | undefined;

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

  async function find(username: string, hint: KeyHint): Promise<UserRecord<DirectoryUser> | undefined> {
    // PostgreSQL cannot even be asked for a name with NUL.
    if (!isUsername(username)) return undefined;
    const rows = await rowsOf(username);
    const [first] = rows;
    // MySQL pads with spaces, and an application's own connection may write in another character set.
    if (first?.username !== username) {
      // As much work as for a known user, so that the time does not tell which names exist.
      parser.decoy(username);
      // No key has this kid, so that one is prepared.
      if (lastFound !== undefined) recordOf(lastFound, { ...hint, kid: '' });
      return undefined;
    }
    lastFound = rows as readonly [FoundRow, ...FoundRow[]];
    return recordOf(lastFound, hint);
  }

  function recordOf(rows: readonly [FoundRow, ...FoundRow[]], hint: KeyHint): UserRecord<DirectoryUser> {
    const [first] = rows;
    const { username } = first;
    const at = now();
    // Each key stands there once for each key set.
    const keys = new Map<string, KeyRecord & { readonly key: StoredKey }>();
    for (const row of rows) {
      const { fingerprint, kid, public_key, alg } = row;
      if (fingerprint === null || keys.has(fingerprint)) continue;
      const key = new StoredKey({ fingerprint, kid, public_key, alg }, parser);
      keys.set(fingerprint, { key, state: stateOf(row, at) });
    }
    const jwksUrls = new Set(rows.flatMap(({ url }) => (url === null ? [] : [url])));
    const user = userOf({ ...first, created: first.user_created });
    if (keys.size === 0) parser.decoy(username);
    else keyToPrepare([...keys.values()], user.disabled, hint)?.prepare();
    return {
      ...{ username, user, disabled: user.disabled },
      ...{ keys: [...keys.values()], jwksUrls: [...jwksUrls], validUntil: nextExpiry(rows, at) },
    };
  }

  return { find, readiness };
}

/**
 * The key that is read where the path reads none: whatever the token names, and whether or not the user is disabled, the first lookup of
 * a user reads one key. The path reads the one that the token names, or all if it names none.
 */
function keyToPrepare(
  keys: readonly { readonly key: StoredKey }[],
  disabled: boolean,
  { kid }: KeyHint,
): StoredKey | undefined {
  const named = keys.find(({ key }) => key.kid === kid?.toLowerCase());
  return disabled || (kid !== undefined && named === undefined) ? (named ?? keys[0])?.key : undefined;
}

/** When the first of the keys that have not expired yet will. */
function nextExpiry(rows: readonly FoundRow[], now: number): number | undefined {
  const ahead = rows.flatMap(({ expires }) => (expires !== null && expires > now ? [expires] : []));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
