/** A Kysely instance, as far as the store uses it: statements with named values, a deadline, and another try where one has not run. */
import { CompiledQuery } from 'kysely';
import { UnavailableError } from '../../core/contracts.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { SqlNonceDialect } from './dialect.ts';

/** What is needed of a `Kysely` instance. */
export interface SqlDatabase {
  readonly isTransaction: boolean;
  /** Its adapter tells which database it is. */
  getExecutor(): { readonly adapter: object };
  executeQuery(query: CompiledQuery): Promise<SqlResult>;
}

interface SqlResult {
  readonly rows: unknown[];
  readonly numAffectedRows?: bigint | undefined;
}

/** The values of a statement, by name. */
export type SqlValues = Readonly<Record<string, number | string | Uint8Array>>;

/**
 * Makes a function that runs statements of a dialect.
 *
 * @returns runs a statement until `end` by `performance.now()`
 * @throws UnavailableError where there is no answer in time: whether the statement has run is then unknown, and it is not tried again
 */
export function statementRunner(database: SqlDatabase, { placeholder, isBusy }: SqlNonceDialect) {
  return (sql: string, values: SqlValues, end: number): Promise<SqlResult> => {
    const query = compile(sql, values, placeholder);
    return retryWhileBusy(() => within(database.executeQuery(query), end), end - performance.now(), isBusy);
  };
}

/** Puts placeholders for the names: `$1` where the database can refer to one value twice, else one for each. Limits are no values. */
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

/** @throws UnavailableError after `end`, by `performance.now()`, whatever the work is at */
export async function within<T>(work: Promise<T>, end: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new UnavailableError('the database did not answer in time; see whether it is up, and what locks it')),
      Math.max(0, end - performance.now()),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param milliseconds - after which it goes on */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
