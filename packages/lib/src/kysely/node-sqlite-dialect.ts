/** Kysely's SQLite dialect over Node's own `node:sqlite`. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type Dialect, SqliteDialect } from 'kysely';
import { checkArgument } from '../core/arguments.ts';
import { checkOptions, numberOption, type OptionKinds } from '../core/options.ts';
import { isSqliteBusy } from './retry-while-busy.ts';

/** Statements that stay prepared; ours are a few dozen, an application's own come and go. */
const MAX_STATEMENTS = 256;

/** How an SQLite database is opened. */
export interface NodeSqliteOptions {
  /** `NORMAL` (default) survives a killed process, `FULL` a power cut as well. */
  readonly synchronous?: 'NORMAL' | 'FULL';
  /**
   * Milliseconds that a statement waits for another process's lock, holding up this whole process meanwhile: for commands, never
   * for servers. Default 0.
   */
  readonly busyTimeoutMs?: number;
  /** Only reads, and leaves the file as it is: one that is not there is not made, and its journal keeps its mode. Default false. */
  readonly readOnly?: boolean;
}

const OPTIONS: OptionKinds<NodeSqliteOptions> = { synchronous: 'any', busyTimeoutMs: 'any', readOnly: 'boolean' };
const MAX_WAIT = 600_000;

/** @throws TypeError: a URL would be the name of a new file */
export function checkPath(path: unknown): void {
  checkArgument(typeof path === 'string' && path !== '', 'path', 'the path of a file, or :memory:', path);
  const isUrl = /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
  if (isUrl)
    throw new TypeError('path: must be the path of a file, not a URL; a URL belongs to the dialect of its database');
}

/**
 * Opens an SQLite database for Kysely: write-ahead log, foreign keys on, and no waiting for another process's lock, as that
 * would hold up every other request (who needs to try again does so without blocking).
 *
 * Anyone who can write to the file, to those beside it (`-wal`, `-shm`) or to their folder can let anyone in. A new file gets the mode that
 * the process's umask leaves; the modes of existing ones are not checked (`ajwtd` refuses a database that anyone can write to).
 *
 * @param path - a file, made if it is not there; `:memory:` for one that ends with the process
 * @param options - {@link NodeSqliteOptions}
 * @returns a dialect with the database open: `new Kysely({ dialect })`, whose `destroy()` closes it
 * @throws what `node:sqlite` throws where the file cannot be opened
 */
export function nodeSqliteDialect(path: string, options: NodeSqliteOptions = {}): Dialect {
  checkPath(path);
  checkOptions(options, OPTIONS);
  const { synchronous = 'NORMAL', readOnly = false } = options;
  const isLevel = synchronous === 'NORMAL' || synchronous === 'FULL';
  checkArgument(isLevel, 'option synchronous', 'NORMAL or FULL', synchronous);
  const wait = Math.floor(numberOption('busyTimeoutMs', options.busyTimeoutMs, 0, 0, MAX_WAIT, 'milliseconds'));
  const database = new DatabaseSync(path, { readOnly });
  if (!readOnly) patiently(() => database.exec('PRAGMA journal_mode = WAL'));
  database.exec(`PRAGMA busy_timeout = ${wait}; PRAGMA synchronous = ${synchronous}; PRAGMA foreign_keys = ON;`);
  const statements = new Map<string, ReturnType<typeof shim>>();

  return new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare(text) {
        let statement = statements.get(text);
        if (statement === undefined) {
          if (statements.size === MAX_STATEMENTS) statements.clear();
          statement = shim(database.prepare(text));
          statements.set(text, statement);
        }
        return statement;
      },
    },
  });
}

/** What Kysely asks of a statement. */
function shim(statement: StatementSync) {
  return {
    reader: statement.columns().length > 0,
    all: (values: readonly unknown[]) => statement.all(...(values as SQLInputValue[])),
    run: (values: readonly unknown[]) => statement.run(...(values as SQLInputValue[])),
    iterate: (values: readonly unknown[]) => statement.iterate(...(values as SQLInputValue[])),
  };
}

/** Milliseconds for which other processes are waited for, before anything is served. */
const OPENING = 2000;

/** SQLite itself waits neither for a change of the journal's mode nor, here, for a process that reads the log of one that was killed. */
function patiently(work: () => void): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (const end = performance.now() + OPENING; ; ) {
    try {
      work();
      return;
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() > end) throw error;
    }
    Atomics.wait(clock, 0, 0, 5);
  }
}
