/** Inserts the records of a group of claims with one statement, and tells each claim whether its record was inserted. */
import { toHex } from '#engine';
import type { SqlResult, SqlValues } from './database.ts';

/** The primary key of a record. */
export interface Place {
  readonly time: number;
  readonly key: Uint8Array;
}

/** A record to insert. `now` is the clock of its caller. Times are in seconds since 1970. */
export interface SqlClaim extends Place {
  readonly now: number;
}

/**
 * - `inserted`: the record is this claim's
 * - `duplicate`: another claim of the group has inserted it
 * - `refused`: it exists, or the epoch does not allow it
 */
export type Insertion = 'inserted' | 'duplicate' | 'refused';

/**
 * Inserts records. Two claims of one record cannot both insert it, and neither succeeds if the statement fails.
 *
 * @param insert - inserts rows with `time`, `key`, `hex` and `now`, and returns `time` and `key`, in hex, of those that it inserted
 * @returns the result of each claim, in the order of the claims
 */
export async function insertGroup(
  claims: readonly SqlClaim[],
  insert: (rows: readonly SqlValues[]) => Promise<SqlResult>,
): Promise<Insertion[]> {
  const rows = new Map<string, SqlValues & { readonly time: number; readonly hex: string }>();
  const names = claims.map(({ time, key, now }) => {
    const hex = toHex(key);
    const name = nameOf(time, hex);
    if (!rows.has(name)) rows.set(name, { time, key, hex, now });
    return name;
  });
  // Processes that insert the same records lock them in the same order, so they cannot wait for each other.
  const sorted = [...rows.values()].sort((a, b) => a.time - b.time || (a.hex < b.hex ? -1 : 1));
  const result = await insert(sorted);
  const inserted = new Set(
    (result.rows as { readonly time: unknown; readonly key: string }[]).map(({ time, key }) =>
      nameOf(Number(time), key),
    ),
  );
  const owned = new Set<string>();
  return names.map((name) => {
    if (!inserted.has(name)) return 'refused';
    if (owned.has(name)) return 'duplicate';
    owned.add(name);
    return 'inserted';
  });
}

function nameOf(time: number, hex: string): string {
  return `${time} ${hex}`;
}
