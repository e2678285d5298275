/** Runs statements with named values through Kysely, each with a deadline. */
import { CompiledQuery } from 'kysely';
import { inTime } from '../../core/in-time.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { SqlNonceDialect } from './dialect.ts';

/** The part of a `Kysely` instance that the store uses. */
export interface SqlDatabase {
  readonly isTransaction: boolean;
  /** The adapter shows the kind of database. */
  getExecutor(): { readonly adapter: object };
  executeQuery(query: CompiledQuery): Promise<SqlResult>;
}

interface SqlResult {
  readonly rows: unknown[];
  readonly numAffectedRows?: bigint | undefined;
}

/** The values of a statement, by name. */
export type SqlValues = Readonly<Record<string, number | string | Uint8Array>>;

/** Runs a statement. Waits for it until `performance.now()` reaches `end`. */
export type RunStatement = (sql: string, values: SqlValues, end: number) => Promise<SqlResult>;

/**
 * Returns a function that runs statements of a dialect. It repeats a statement that was rolled back because of a concurrent one.
 *
 * @throws UnavailableError if the database does not respond in time; the statement may or may not have run
 */
export function statementRunner(database: SqlDatabase, { placeholder, isBusy }: SqlNonceDialect): RunStatement {
  return (sql, values, end) => {
    const query = compile(sql, values, placeholder);
    return retryWhileBusy(() => before(end, database.executeQuery(query)), end - performance.now(), isBusy);
  };
}

/**
 * Replaces names with placeholders: with `$1` if several placeholders can refer to one value, otherwise with one `?` per use. The value of
 * `:limit` becomes part of the statement.
 */
function compile(sql: string, values: SqlValues, placeholder: '?' | '$n'): CompiledQuery {
  const names: string[] = [];
  const text = sql.replace(/:([a-z]+)/g, (_, name: string) => {
    if (name === 'limit') return String(values.limit);
    if (placeholder === '?' || !names.includes(name)) names.push(name);
    return placeholder === '?' ? '?' : `$${names.indexOf(name) + 1}`;
  });
  return CompiledQuery.raw(
    text,
    names.map((name) => values[name]),
  );
}

/**
 * Waits for the database.
 *
 * @param end - the deadline, by `performance.now()`
 * @throws UnavailableError if the work has not ended by then
 */
export function before<T>(end: number, work: Promise<T>): Promise<T> {
  const milliseconds = Math.max(0, Math.ceil(end - performance.now()));
  return inTime(work, milliseconds, 'the database', 'in time; check that it is up, and what locks its tables');
}

/** Waits, or returns early if the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
