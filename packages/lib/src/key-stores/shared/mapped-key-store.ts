/** Implements `sqlKeyStore` and `djangoKeyStore`: finds users and keys in tables that a mapping describes. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { isUsername } from '../../core/claims.ts';
import type {
  KeyHint,
  KeyRecord,
  KeyState,
  KeyStore,
  Readiness,
  UserRecord,
  VerificationKey,
} from '../../core/contracts.ts';
import { callHook } from '../../core/maybe-promise.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { checkKysely } from '../../kysely/kysely-instance.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import { isUnrepresentable } from '../../kysely/unrepresentable.ts';
import type { LastUsed } from './last-used.ts';
import { ALIASES, findQuery, type MappedRow } from './mapped-query.ts';
import { type MappedUse, mappedUses } from './mapped-uses.ts';
import { type AnyDatabase, type AnyOptions, type ColumnCondition, readMapping } from './mapping.ts';
import { type KeyText, parsedKeys } from './parsed-keys.ts';
import { idOf, isHeld, isMarked, keyTextOf, secondsOf } from './row-values.ts';

/** A key store in SQL tables. If the options name a column for it, the store records when keys were last used. */
export interface SqlKeyStore<User> extends KeyStore<User> {
  /**
   * Finds a user with its keys in every state.
   *
   * @param username - the username, compared exactly, whatever the collation
   * @param hint - what the token says about its key, not yet verified
   * @returns the user, or `undefined` if there is no such user
   * @throws any error of the database
   */
  find(username: string, hint: KeyHint): Promise<UserRecord<User> | undefined>;
  /**
   * Checks that users can be found, by running the query that finds one.
   *
   * @returns `ready`
   * @throws any error of the database
   */
  readiness(): Promise<Readiness>;
  /** Writes the recorded uses now instead of within a minute. Never rejects. */
  flush(): Promise<void>;
  /** Writes the recorded uses, and ignores later uses. Call it before you close the database. Never rejects. */
  close(): Promise<void>;
}

/** The row of a key. Its `place` is the id, or the text of the key if the mapping names no id column. */
interface RowKey extends KeyText {
  readonly username: string;
  readonly id: unknown;
  readonly alg: string | undefined;
}

/** Maximum number of milliseconds that a query waits for the lock of an SQLite database. */
const FIND_TIMEOUT_MS = 150;

/**
 * Creates a key store over existing tables, for `sqlKeyStore` and `djangoKeyStore`.
 *
 * @throws TypeError for an option that is unknown, missing or out of range; the message names the option
 */
export function mappedStore(db: AnyDatabase, options: AnyOptions): SqlKeyStore<Readonly<Record<string, unknown>>> {
  checkKysely(db);
  const mapping = readMapping(options);
  const { users, keys, jwks, onBadKey, onWriteError, maxParsedKeys, now } = mapping;
  const query = findQuery(db, mapping);
  const cache = parsedKeys(maxParsedKeys, ({ username, id, text, alg }: RowKey) => {
    try {
      return PublicKey.from(text, alg === undefined ? {} : { alg: alg as AlgorithmName });
    } catch (error) {
      callHook(onBadKey, { username, id, error: error as Error });
      return undefined;
    }
  });
  const keyUses = mappedUses(db, keys.table ?? users.table, keys, onWriteError);
  const jwksUses = jwks && mappedUses(db, jwks.table, jwks, onWriteError);
  const usedRows = new WeakMap<VerificationKey, readonly [LastUsed<MappedUse>, MappedUse]>();

  function keyIn(row: MappedRow): VerificationKey | undefined {
    const text = keyTextOf(row[ALIASES.publicKey]);
    if (text === undefined) return undefined;
    const id = row[ALIASES.keyId];
    const place = keys.id === undefined ? text : idOf(id);
    const alg = row[ALIASES.alg] as string | null | undefined;
    const key = cache.read({ username: row[ALIASES.username] as string, id, place, text, alg: alg ?? undefined });
    if (key !== undefined && keyUses !== undefined) usedRows.set(key, [keyUses, { place, id }]);
    return key;
  }

  function stateIn(row: MappedRow, expires: number | undefined, at: number): KeyState {
    if (isMarked(row[ALIASES.revoked]) || !holds(keys.active, row[ALIASES.keyActive])) return 'revoked';
    return expires !== undefined && expires <= at ? 'expired' : 'active';
  }

  /** Adds the keys of the user's JWK sets, unless the token names one of the user's own keys. */
  async function addJwksKeys(
    rows: readonly MappedRow[],
    records: Map<string, KeyRecord>,
    hint: KeyHint,
  ): Promise<void> {
    if (jwks === undefined || records.has(hint.kid?.toLowerCase() ?? '')) return;
    const sets = new Map<string, unknown>();
    for (const row of rows) {
      const url = row[ALIASES.url];
      if (typeof url === 'string' && url !== '') sets.set(url, row[ALIASES.setId]);
    }
    let found = 0;
    let failure: unknown;
    for (const [url, id] of sets) {
      try {
        for (const record of (await jwks.jwksKeys(url, hint)) ?? []) {
          found += 1;
          addJwksKey(record, id, records);
        }
      } catch (error) {
        failure ??= error;
      }
    }
    if (found === 0 && failure !== undefined) throw failure;
  }

  function addJwksKey(record: KeyRecord, id: unknown, records: Map<string, KeyRecord>): void {
    const { kid, fingerprint, algorithms, signatureLength, modulus, ed25519, handle } = record.key;
    const own = records.get(kid);
    if (own !== undefined) {
      // The state in this database decides; the JWK set only adds its kid.
      records.set(kid, { ...record, key: own.key, state: own.state });
      return;
    }
    // Several users may have the same URL. A separate object for each user shows whose row was used.
    const key: VerificationKey = { kid, fingerprint, algorithms, signatureLength, modulus, ed25519, handle };
    if (jwksUses !== undefined) usedRows.set(key, [jwksUses, { place: idOf(id), id }]);
    records.set(kid, { ...record, key });
  }

  /** Reads a user and its own keys from rows. */
  function readRows(rows: readonly MappedRow[]) {
    const [first] = rows as [MappedRow];
    if (new Set(rows.map((row) => idOf(row[ALIASES.userId]))).size > 1)
      throw new Error(`two rows of ${users.table} have the same ${users.username}; make that column unique`);
    const at = now();
    const records = new Map<string, KeyRecord>();
    let until: number | undefined;
    for (const row of rows) {
      const key = keyIn(row);
      if (key === undefined) continue;
      const expires = expiryOf(row[ALIASES.expires]);
      const state = stateIn(row, expires, at);
      if (state === 'active' && expires !== undefined) until = Math.min(expires, until ?? expires);
      const present = records.get(key.kid);
      // If a key is in several rows, a revoked row decides, and otherwise an active row.
      if (present === undefined || RANK[state] > RANK[present.state]) records.set(key.kid, { key, state });
    }
    if (records.size === 0) cache.decoy(first[ALIASES.username] as string);
    const disabled = isMarked(first[ALIASES.disabled]) || !holds(users.active, first[ALIASES.active]);
    return { username: first[ALIASES.username] as string, user: userOf(first), disabled, records, validUntil: until };
  }

  async function queryRows(username: string): Promise<readonly MappedRow[]> {
    const parameters = [username];
    const { rows } = await retryWhileBusy(() => db.executeQuery<MappedRow>({ ...query, parameters }), FIND_TIMEOUT_MS);
    return rows;
  }

  /** @returns the rows of the user; none if the database cannot represent the username */
  async function rowsOf(username: string): Promise<readonly MappedRow[]> {
    try {
      return await queryRows(username);
    } catch (error) {
      if (await isUnrepresentable(db, username, error)) return [];
      throw error;
    }
  }

  /** The rows of the last user that was found. */
  let lastFound: readonly MappedRow[] | undefined;

  const allUses = [keyUses, jwksUses].filter((one) => one !== undefined);
  return {
    async find(username, hint) {
      // Some databases fail if a query contains such a string.
      if (!isUsername(username)) return undefined;
      const rows = await rowsOf(username);
      // A collation that ignores case, accents or spaces also finds rows of other users.
      const own = rows.filter((row) => row[ALIASES.username] === username);
      if (own.length === 0) {
        // This takes as long as for an existing user, so the time does not reveal which usernames exist.
        cache.decoy(username);
        if (lastFound !== undefined) readRows(lastFound);
        return undefined;
      }
      const { records, ...record } = readRows(own);
      lastFound = own;
      // No set is fetched for a disabled user, who is refused anyway.
      if (!record.disabled) await addJwksKeys(own, records, hint);
      return { ...record, keys: [...records.values()] };
    },

    async readiness() {
      // No user has this name.
      await queryRows('');
      return { ready: true };
    },

    ...(allUses.length === 0
      ? {}
      : {
          recordUse(key: VerificationKey, at: number) {
            const [uses, row] = usedRows.get(key) ?? [];
            if (row !== undefined) uses?.note(row, at);
          },
        }),
    flush: async () => void (await Promise.all(allUses.map((one) => one.flush()))),
    close: async () => void (await Promise.all(allUses.map((one) => one.close()))),
  };
}

const RANK: Readonly<Record<KeyState, number>> = { expired: 0, retired: 0, staged: 1, active: 1, revoked: 2 };

function holds(condition: ColumnCondition<string> | undefined, value: unknown): boolean {
  if (condition === undefined) return true;
  return typeof condition === 'string' ? isHeld(value) : value === condition[1];
}

/** Reads an expiry as seconds since the epoch. If the value is not a time, returns -Infinity, so that the key has expired. */
function expiryOf(value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  try {
    return secondsOf(value);
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}

const OURS: ReadonlySet<string> = new Set(Object.values(ALIASES));

function userOf(row: MappedRow): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !OURS.has(name)));
}
