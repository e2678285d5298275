/** Runs statements with named values through Kysely, until a deadline. */
import { CompiledQuery } from 'kysely';
import { inTime } from '../../core/in-time.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { SqlNonceDialect } from './dialect.ts';

/** The part of a `Kysely` instance that the store uses. */
export interface SqlDatabase {
  readonly isTransaction: boolean;
  /** The adapter shows which database it is. */
  getExecutor(): { readonly adapter: object };
  executeQuery(query: CompiledQuery): Promise<SqlResult>;
}

interface SqlResult {
  readonly rows: unknown[];
  readonly numAffectedRows?: bigint | undefined;
}

/** The values of a statement, by name. */
export type SqlValues = Readonly<Record<string, number | string | Uint8Array>>;

/** Runs a statement until `end`, by `performance.now()`. */
export type RunStatement = (sql: string, values: SqlValues, end: number) => Promise<SqlResult>;

/**
 * Returns a function that runs statements of a dialect, and repeats those that were rolled back because another was in their way.
 *
 * @throws UnavailableError if the database does not respond in time: whether the statement has run is then unknown
 */
export function statementRunner(database: SqlDatabase, { placeholder, isBusy }: SqlNonceDialect): RunStatement {
  return (sql, values, end) => {
    const query = compile(sql, values, placeholder);
    return retryWhileBusy(() => before(end, database.executeQuery(query)), end - performance.now(), isBusy);
  };
}

/**
 * Puts placeholders in place of names: `$1` if the database can refer to one value twice, otherwise one for each use. The value of
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
 * Waits for work of the database.
 *
 * @param end - by `performance.now()`
 * @throws UnavailableError if the work has not ended by then
 */
export function before<T>(end: number, work: Promise<T>): Promise<T> {
  const milliseconds = Math.max(0, Math.ceil(end - performance.now()));
  return inTime(work, milliseconds, 'the database', 'in time; check that it is up, and what locks its tables');
}

/** Waits, but no longer than until the signal is aborted. */
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
