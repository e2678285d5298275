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

export interface SqlResult {
  readonly rows: unknown[];
  readonly numAffectedRows?: bigint | undefined;
}

type SqlValue = number | string | Uint8Array;
/** The values of a statement, by name. */
export type SqlValues = Readonly<Record<string, SqlValue>>;

/**
 * Runs a statement. Waits for it until `performance.now()` reaches `end`.
 *
 * @param rows - the values of a statement with `:rows`
 */
export type RunStatement = (
  sql: string,
  values: SqlValues,
  end: number,
  rows?: readonly SqlValues[],
) => Promise<SqlResult>;

/**
 * Returns a function that runs statements of a dialect. It repeats a statement that was rolled back because of a concurrent one.
 *
 * @throws UnavailableError if the database does not respond in time; the statement may or may not have run
 */
export function statementRunner(database: SqlDatabase, dialect: SqlNonceDialect): RunStatement {
  /** The templates of each statement, by their number of rows. */
  const templates = new Map<string, Template[]>();
  function templateOf(sql: string, values: SqlValues, rows: number): Template {
    let ofStatement = templates.get(sql);
    if (ofStatement === undefined) {
      ofStatement = [];
      templates.set(sql, ofStatement);
    }
    ofStatement[rows] ??= compile(sql, values, rows, dialect);
    return ofStatement[rows];
  }
  return (sql, values, end, rows = []) => {
    const template = templateOf(sql, values, sizeOf(rows.length));
    const parameters = template.parameters.map((parameter) => parameter(values, rows));
    const query = CompiledQuery.raw(template.text, parameters);
    return retryWhileBusy(() => before(end, database.executeQuery(query)), end - performance.now(), dialect.isBusy);
  };
}

/** A statement with placeholders, and what to pass for each of them. */
interface Template {
  readonly text: string;
  readonly parameters: readonly ((values: SqlValues, rows: readonly SqlValues[]) => SqlValue | null)[];
}

/** Rounds a number of rows up to a power of two. Databases can then prepare a few statements, instead of one for each number of rows. */
function sizeOf(rows: number): number {
  return rows === 0 ? 0 : 2 ** Math.ceil(Math.log2(rows));
}

/**
 * Replaces names with placeholders: with `$1` if several placeholders can refer to one value, otherwise with one `?` per use. The value of
 * `:limit` becomes part of the statement.
 *
 * @param count - the number of rows that `:rows` stands for. Their names have numbers: `:time0`
 */
function compile(sql: string, values: SqlValues, count: number, { placeholder, group }: SqlNonceDialect): Template {
  const numbered = (_: unknown, index: number) => (group.row ?? '').replace(/:[a-z]+/g, (name) => name + index);
  const long = sql.replace(/:rows(?!\.)/, () => Array.from({ length: count }, numbered).join(', '));
  const names: string[] = [];
  const text = long.replace(/:((?:rows\.)?[a-z]+\d*)/g, (_, name: string) => {
    if (name === 'limit') return String(values.limit);
    if (placeholder === '?' || !names.includes(name)) names.push(name);
    return placeholder === '?' ? '?' : `$${names.indexOf(name) + 1}`;
  });
  return { text, parameters: names.map(parameterOf) };
}

function parameterOf(name: string): Template['parameters'][number] {
  const [, list, member = '', index] = /^(rows\.)?([a-z]+)(\d*)$/.exec(name) ?? [];
  if (list) return (_, rows) => rows.map((row) => row[member]).join(',');
  if (index === '') return (values) => values[member] as SqlValue;
  return (_, rows) => rows[Number(index)]?.[member] ?? null;
}

/** The error after a deadline. */
export const LATE = {
  what: 'the database',
  limit: 'in time; check that it is up, and what locks its tables',
} as const;

/**
 * Waits for the database.
 *
 * @param end - the deadline, by `performance.now()`
 * @throws UnavailableError if the work has not ended by then
 */
export function before<T>(end: number, work: Promise<T>): Promise<T> {
  const milliseconds = Math.max(0, Math.ceil(end - performance.now()));
  return inTime(work, milliseconds, LATE.what, LATE.limit);
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
