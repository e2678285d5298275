/** A Kysely dialect for `node:sqlite`. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type Dialect, SqliteDialect } from 'kysely';
import { checkArgument } from '../core/arguments.ts';
import { checkOptions, numberOption, type OptionKinds } from '../core/options.ts';
import { isSqliteBusy } from './retry-while-busy.ts';

/** Maximum number of cached prepared statements. The library itself needs a few dozen. */
const MAX_STATEMENTS = 256;

/** Options of {@link nodeSqliteDialect}. */
export interface NodeSqliteOptions {
  /** With `NORMAL` (the default), committed data survives if the process is killed. With `FULL`, it also survives a power failure. */
  readonly synchronous?: 'NORMAL' | 'FULL';
  /**
   * Number of milliseconds that a statement waits for the lock of another process; default 0. Waiting blocks this process, so use this
   * option in commands, but never in servers.
   */
  readonly busyTimeoutMs?: number;
  /** Whether to open an existing file only for reading, without changing its journal mode; default false. */
  readonly readOnly?: boolean;
}

const OPTIONS: OptionKinds<NodeSqliteOptions> = { synchronous: 'any', busyTimeoutMs: 'any', readOnly: 'boolean' };
const MAX_WAIT = 600_000;

/**
 * Checks the path of a database.
 *
 * @throws TypeError if it is not a path; SQLite would create a new file with the name of a URL
 */
export function checkPath(path: unknown): void {
  checkArgument(typeof path === 'string' && path !== '', 'path', 'the path of a file, or :memory:', path);
  const isUrl = /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
  if (isUrl)
    throw new TypeError('path: must be the path of a file, not a URL; pass a URL to the dialect of its database');
}

/**
 * Opens an SQLite database for Kysely, with a write-ahead log and foreign keys. Statements do not wait for the lock of another process,
 * because waiting would block all requests. The stores of this library try again without blocking.
 *
 * Anyone who can write to the file, to its `-wal` and `-shm` files, or to their folder can give access to anyone. A new file gets its mode
 * from the umask. The modes of existing files are not checked; `ajwtd` refuses a database that anyone can write to.
 *
 * @param path - a file, which is created if it does not exist; `:memory:` for a database in memory
 * @param options - {@link NodeSqliteOptions}
 * @returns a dialect with an open database, for `new Kysely({ dialect })`; its `destroy()` closes the database
 * @throws TypeError for an option that is unknown or out of range, and for a path that is empty or a URL
 * @throws the error of `node:sqlite` if the file cannot be opened
 *
 * @example
 * ```ts
 * import { nodeSqliteDialect } from 'asymmetric-jwt-auth/sql';
 * import { Kysely, sql } from 'kysely';
 *
 * const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(':memory:', { synchronous: 'FULL' }) });
 * const { rows } = await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(db);
 * console.log(rows[0]?.synchronous); // 2
 * await db.destroy();
 * ```
 */
export function nodeSqliteDialect(path: string, options: NodeSqliteOptions = {}): Dialect {
  checkPath(path);
  checkOptions(options, OPTIONS);
  const { synchronous = 'NORMAL', readOnly = false } = options;
  const isLevel = synchronous === 'NORMAL' || synchronous === 'FULL';
  checkArgument(isLevel, 'option synchronous', 'NORMAL or FULL', synchronous);
  const wait = Math.floor(numberOption('busyTimeoutMs', options.busyTimeoutMs, 0, 0, MAX_WAIT, 'milliseconds'));
  const database = new DatabaseSync(path, { readOnly });
  if (!readOnly) waitWhileBusy(() => database.exec('PRAGMA journal_mode = WAL'));
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

/** Adapts a statement to the interface that Kysely expects. */
function shim(statement: StatementSync) {
  return {
    reader: statement.columns().length > 0,
    all: (values: readonly unknown[]) => statement.all(...(values as SQLInputValue[])),
    run: (values: readonly unknown[]) => statement.run(...(values as SQLInputValue[])),
    iterate: (values: readonly unknown[]) => statement.iterate(...(values as SQLInputValue[])),
  };
}

/** Maximum number of milliseconds to wait for other processes when the database is opened. */
const OPEN_TIMEOUT_MS = 2000;

/**
 * Repeats work while the database is busy. SQLite itself does not wait if it cannot change the journal mode, or if another process is
 * recovering the log of a killed process.
 */
function waitWhileBusy(work: () => void): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (const end = performance.now() + OPEN_TIMEOUT_MS; ; ) {
    try {
      work();
      return;
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() > end) throw error;
    }
    Atomics.wait(clock, 0, 0, 5);
  }
}
