/** Writes when the keys of an application's own tables were last used. */
import { callHook } from '../../core/maybe-promise.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import { type LastUsed, lastUsed } from './last-used.ts';
import type { AnyDatabase, LastUsedColumn } from './mapping.ts';

/** Milliseconds that a change waits for the lock of an SQLite database. */
const WRITE_DEADLINE = 5000;

/** @returns `undefined` where it is not to be written */
export function notebookOf(
  db: AnyDatabase,
  table: string,
  { id, lastUsed: mapped }: { readonly id?: string; readonly lastUsed?: LastUsedColumn<string> },
  onWriteError: ((error: unknown) => void) | undefined,
): LastUsed | undefined {
  if (mapped === undefined || id === undefined) return undefined;
  const { column, value } = mapped;
  return lastUsed(
    (ids, at) => {
      const moment = value(at);
      const update = db
        .updateTable(table)
        .set({ [column]: moment })
        .where(id, 'in', ids)
        // Another service may have written a later one.
        .where((is) => is.or([is(column, 'is', null), is(column, '<', moment)]));
      return retryWhileBusy(() => update.execute(), WRITE_DEADLINE);
    },
    async (error) => {
      callHook(onWriteError, error);
      // A column that is not there stays away; a database that is not there comes back.
      return (await isReadable(db, table, id)) && !(await isReadable(db, table, column)) ? 'never' : 'later';
    },
  );
}

async function isReadable(db: AnyDatabase, table: string, column: string): Promise<boolean> {
  try {
    await db.selectFrom(table).select(column).limit(1).execute();
    return true;
  } catch {
    return false;
  }
}
