/** Finds a user with all its keys and JWK sets, in one query. */
import type { Kysely } from 'kysely';
import { isUsername } from '../../core/claims.ts';
import type { KeyHint, KeyRecord, Readiness, UserRecord } from '../../core/contracts.ts';
import { isUnrepresentable } from '../../kysely/unrepresentable.ts';
import type { DirectoryUser } from './directory.ts';
import { type StateRow, stateOf, userOf } from './rows.ts';
import { type KeyParser, StoredKey } from './stored-key.ts';
import type { DirectoryTables } from './tables.ts';

/** One row of the result: the user with one key and one JWK set, if there are any. */
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

/** @param now - returns seconds since the epoch */
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

  async function queryRows(username: string): Promise<readonly FoundRow[]> {
    return (await db.executeQuery<FoundRow>({ ...query, parameters: [username] })).rows;
  }

  /** The rows of the last user that was found. */
  let lastFound: readonly [FoundRow, ...FoundRow[]] | undefined;

  /** @returns the rows of the user; none if the database cannot represent the username */
  async function rowsOf(username: string): Promise<readonly FoundRow[]> {
    try {
      return await queryRows(username);
    } catch (error) {
      if (await isUnrepresentable(db, username, error)) return [];
      throw error;
    }
  }

  async function readiness(): Promise<Readiness> {
    // No user has this name.
    await queryRows('');
    return { ready: true };
  }

  async function find(username: string, hint: KeyHint): Promise<UserRecord<DirectoryUser> | undefined> {
    // PostgreSQL refuses a query that contains NUL.
    if (!isUsername(username)) return undefined;
    const rows = await rowsOf(username);
    const [first] = rows;
    // The row may belong to another user: MySQL ignores trailing spaces, and the connection may use another character set.
    if (first?.username !== username) {
      // This takes as long as for an existing user, so the time does not reveal which usernames exist.
      parser.decoy(username);
      // No key has an empty kid, so this prepares the first key.
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
    // The result contains each key once for each JWK set.
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
 * Finds the key to parse if the authenticator will not parse one, because the user is disabled or the token names an unknown key. So the
 * first lookup of a user always parses a key, and always takes equally long.
 */
function keyToPrepare(
  keys: readonly { readonly key: StoredKey }[],
  disabled: boolean,
  { kid }: KeyHint,
): StoredKey | undefined {
  const named = keys.find(({ key }) => key.kid === kid?.toLowerCase());
  return disabled || (kid !== undefined && named === undefined) ? (named ?? keys[0])?.key : undefined;
}

/** Returns the time at which the next key expires. */
function nextExpiry(rows: readonly FoundRow[], now: number): number | undefined {
  const ahead = rows.flatMap(({ expires }) => (expires !== null && expires > now ? [expires] : []));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
