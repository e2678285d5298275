/** Records when keys were last used and last refused. */
import { type Kysely, sql } from 'kysely';
import { callHook } from '../../core/maybe-promise.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import { type LastUsed, lastUsed, type UsedRow } from '../shared/last-used.ts';
import type { DirectoryDialect } from './dialect.ts';
import type { DirectoryTables } from './tables.ts';

const DELAY_MS = 1000;
const EVERY_MS = 60_000;
/** Maximum number of milliseconds that a write waits for other connections. */
const WRITE_TIMEOUT_MS = 2000;

/** A use is recorded under the fingerprint of its key, and a refusal under the kid in the token. */
type Kind = 'used' | 'refused';
interface KeyUse extends UsedRow {
  readonly kind: Kind;
  readonly id: string;
}

/** Collects uses and refusals until they are written. */
export interface KeyUses {
  note(kind: Kind, id: string, at: number): void;
  close: LastUsed<KeyUse>['close'];
}

/** @param onWriteError - called with the error of each failed write, which is repeated a minute later */
export function keyUses(
  db: Kysely<DirectoryTables>,
  dialect: DirectoryDialect,
  onWriteError: (error: unknown) => void,
): KeyUses {
  const { note, close } = lastUsed<KeyUse>({
    delayMs: DELAY_MS,
    everyMs: EVERY_MS,
    write(rows, second) {
      // The ids are sorted, so that two processes that write the same rows do not deadlock.
      const ids = rows.map(({ id }) => id).sort();
      const statement = upsert(dialect, rows[0].kind, ids, second);
      return retryWhileBusy(() => statement.execute(db), WRITE_TIMEOUT_MS, dialect.mayTryAgain);
    },
    failed(error) {
      callHook(onWriteError, error);
      return 'later';
    },
  });
  return { note: (kind, id, at) => note({ place: `${kind} ${id}`, kind, id }, at), close };
}

/** Returns a statement that writes one time for several keys. It ignores keys that are not in the directory. */
function upsert({ upsert }: DirectoryDialect, kind: Kind, ids: readonly string[], second: number) {
  const named = kind === 'used' ? sql.ref('fingerprint') : sql.ref('kid');
  const columns = kind === 'used' ? ['first_used', 'last_used'] : ['last_refused'];
  const list = sql.join(columns.map((column) => sql.ref(column)));
  const values = sql.join(columns.map(() => sql.lit(second)));
  const present = (column: string) => sql.ref(`ajwt_key_use.${column}`);
  const later = (column: string) =>
    sql`${sql.ref(column)} = CASE WHEN ${present(column)} > ${sql.lit(second)} THEN ${present(column)} ELSE ${sql.lit(second)} END`;
  const first = sql`${sql.ref('first_used')} = COALESCE(${present('first_used')}, ${sql.lit(second)})`;
  const changes = kind === 'used' ? sql.join([first, later('last_used')]) : later('last_refused');
  const end = upsert === 'ON CONFLICT' ? sql`ON CONFLICT (fingerprint) DO UPDATE SET` : sql`ON DUPLICATE KEY UPDATE`;
  return sql`
    INSERT INTO ajwt_key_use (fingerprint, ${list})
    SELECT DISTINCT fingerprint, ${values} FROM ajwt_key WHERE ${named} IN (${sql.join(ids)})
    ${end} ${changes}`;
}
