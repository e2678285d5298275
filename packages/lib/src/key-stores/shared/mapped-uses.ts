/** Records when keys in an application's tables were last used. */
import { callHook } from '../../core/maybe-promise.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import { type LastUsed, lastUsed, type UsedRow } from './last-used.ts';
import type { AnyDatabase, LastUsedColumn } from './mapping.ts';

/** A row that was used. */
export interface MappedUse extends UsedRow {
  readonly id: unknown;
}

/** Number of milliseconds between two writes. */
const DELAY_MS = 60_000;
/** Maximum number of milliseconds that a write waits for the lock of an SQLite database. */
const WRITE_TIMEOUT_MS = 5000;

/**
 * Creates a collection of uses.
 *
 * @returns the collection, or `undefined` if the mapping names no `lastUsed` column
 */
export function mappedUses(
  db: AnyDatabase,
  table: string,
  { id, lastUsed: mapped }: { readonly id?: string; readonly lastUsed?: LastUsedColumn<string> },
  onWriteError: ((error: unknown) => void) | undefined,
): LastUsed<MappedUse> | undefined {
  if (mapped === undefined || id === undefined) return undefined;
  const { column, value } = mapped;
  const uses = lastUsed<MappedUse>({
    delayMs: DELAY_MS,
    write(rows, second) {
      const moment = value(second);
      const ids = rows.map((row) => row.id);
      const update = db
        .updateTable(table)
        .set({ [column]: moment })
        .where(id, 'in', ids)
        // Another process may have written a later time.
        .where((is) => is.or([is(column, 'is', null), is(column, '<', moment)]));
      return retryWhileBusy(() => update.execute(), WRITE_TIMEOUT_MS);
    },
    async failed(error) {
      callHook(onWriteError, error);
      // A missing column never appears, so writing stops. After any other error, such as an outage, it continues.
      return (await isReadable(db, table, id)) && !(await isReadable(db, table, column)) ? 'never' : 'later';
    },
  });
  let closed = false;
  return {
    note(row, at) {
      if (!closed) uses.note(row, at);
    },
    flush: uses.flush,
    close() {
      closed = true;
      return uses.close();
    },
  };
}

async function isReadable(db: AnyDatabase, table: string, column: string): Promise<boolean> {
  try {
    await db.selectFrom(table).select(column).limit(1).execute();
    return true;
  } catch {
    return false;
  }
}
