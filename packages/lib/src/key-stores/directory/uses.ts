/** When keys were last used, and last refused: noted in memory, written in batches, and never in a request's way. */
import { type Kysely, sql } from 'kysely';
import { callHook } from '../../core/maybe-promise.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { DirectoryDialect } from './dialect.ts';
import type { DirectoryTables } from './tables.ts';

/** Milliseconds until what was noted is written, and for which no more is written of the same key. */
const SOON = 1000;
const AT_MOST_EVERY = 60_000;
/** Keys that wait to be written, and keys of one statement. Beyond them, a use is not noted. */
const MOST_WAITING = 100_000;
const AT_ONCE = 500;
/** Milliseconds that a write waits for others. */
const DEADLINE = 2000;

/** What is noted of a key. */
type What = 'used' | 'refused';
interface Noted {
  readonly what: What;
  /** The fingerprint of a key that was used, the kid of one that was refused. */
  readonly id: string;
  /** Whole seconds since the epoch. */
  readonly second: number;
}

export interface Uses {
  note(what: What, id: string, at: number): void;
  /** Writes everything. Never rejects. */
  close(): Promise<void>;
}

/** @param failed - told what a write was refused with; it is done again a minute later */
export function usesOf(
  db: Kysely<DirectoryTables>,
  dialect: DirectoryDialect,
  failed: (error: unknown) => void,
  monotonic: () => number = () => performance.now(),
): Uses {
  const waiting = new Map<string, Noted>();
  const written = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> = Promise.resolve();

  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      writing = writing.then(() => writeDue(false));
    }, SOON);
    (timer as { unref?: () => void }).unref?.();
  }

  async function writeDue(all: boolean): Promise<void> {
    const now = monotonic();
    for (const [place, at] of written) if (now - at >= AT_MOST_EVERY) written.delete(place);
    const due = [...waiting].filter(([place]) => all || !written.has(place));
    for (const [place] of due) {
      waiting.delete(place);
      written.set(place, now);
    }
    const groups = Map.groupBy(
      due.map(([, noted]) => noted),
      ({ what, second }) => `${what} ${second}`,
    );
    for (const group of groups.values()) {
      for (let from = 0; from < group.length; from += AT_ONCE) await write(group.slice(from, from + AT_ONCE));
    }
    if (waiting.size > 0) later();
  }

  async function write(group: readonly Noted[]): Promise<void> {
    const { what, second } = group[0] as Noted;
    // In one order, so that two processes do not wait for one another.
    const ids = group.map(({ id }) => id).sort();
    const statement = upsert(dialect, what, ids, second);
    try {
      await retryWhileBusy(() => statement.execute(db), DEADLINE, dialect.mayTryAgain);
    } catch (error) {
      callHook(failed, error);
      for (const one of group) keep(one);
    }
  }

  /** Of one key, what was noted last. */
  function keep(noted: Noted): void {
    const place = `${noted.what} ${noted.id}`;
    const present = waiting.get(place);
    if (present === undefined ? waiting.size >= MOST_WAITING : present.second >= noted.second) return;
    waiting.set(place, noted);
  }

  return {
    note(what, id, at) {
      keep({ what, id, second: Math.floor(at) });
      later();
    },
    async close() {
      clearTimeout(timer);
      writing = writing.then(() => writeDue(true));
      await writing;
      clearTimeout(timer);
    },
  };
}

/** One statement for all three databases but for its end; a key that is not in the directory gets no row. */
function upsert({ upsert }: DirectoryDialect, what: What, ids: readonly string[], second: number) {
  const named = what === 'used' ? sql.ref('fingerprint') : sql.ref('kid');
  const columns = what === 'used' ? ['first_used', 'last_used'] : ['last_refused'];
  const list = sql.join(columns.map((column) => sql.ref(column)));
  const values = sql.join(columns.map(() => sql.lit(second)));
  const present = (column: string) => sql.ref(`ajwt_key_use.${column}`);
  const later = (column: string) =>
    sql`${sql.ref(column)} = CASE WHEN ${present(column)} > ${sql.lit(second)} THEN ${present(column)} ELSE ${sql.lit(second)} END`;
  const first = sql`${sql.ref('first_used')} = COALESCE(${present('first_used')}, ${sql.lit(second)})`;
  const changes = what === 'used' ? sql.join([first, later('last_used')]) : later('last_refused');
  const end = upsert === 'ON CONFLICT' ? sql`ON CONFLICT (fingerprint) DO UPDATE SET` : sql`ON DUPLICATE KEY UPDATE`;
  return sql`
    INSERT INTO ajwt_key_use (fingerprint, ${list})
    SELECT DISTINCT fingerprint, ${values} FROM ajwt_key WHERE ${named} IN (${sql.join(ids)})
    ${end} ${changes}`;
}
