/** Opens the database. */
import { CommandError } from 'ajwt-cli-kit';
import { type Directory, nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { type Dialect, Kysely } from 'kysely';
import type { DatabaseConfig } from './config.ts';
import { fileCheck, makeFile } from './file.ts';
import { checkFileAccess } from './file-access.ts';
import { whyNotPermitted } from './file-permission.ts';
import { type Opener, POOL_LIMITS, SQLITE_WAIT_MS } from './pool-limits.ts';

/** An open database. */
export interface Database {
  readonly config: DatabaseConfig;
  /** Whether opening it created its tables. */
  readonly created: boolean;
  /** Whether it had no tables, except those of nonces, when it was opened. */
  readonly isEmpty: boolean;
  /** Warnings for the operator about who else can change it. */
  readonly warnings: readonly string[];
  readonly directory: Directory;
  /**
   * Opens more connections to the same database, so that statements on them do not wait for others. They are closed with it.
   *
   * @param connections - the most to open, if the database is a server
   */
  connect(connections: number): Kysely<unknown>;
  /**
   * Checks that the open file is still the one at the path: otherwise other processes change users and claim nonces in another file.
   *
   * @throws UnavailableError if the path leads to another file, or to none
   */
  checkFile(): void;
  close(): Promise<void>;
}

/** The nonce store of another process may have created these first. */
const NONCE_TABLES = ['ajwt_nonce', 'ajwt_epoch', 'ajwt_life'];

/** Connections for users and keys. These are cached, so they are rarely read. */
const DIRECTORY_CONNECTIONS = 3;

/**
 * Opens a database, and creates the tables of an empty one.
 *
 * @param onWriteError - called with the error if key usage cannot be recorded
 * @throws CommandError if it cannot be opened, or has the tables of an older version
 */
export async function openDatabase(
  config: DatabaseConfig,
  opener: Opener,
  onWriteError?: (error: unknown) => void,
): Promise<Database> {
  const database = await connectDatabase(config, opener, onWriteError);
  try {
    const pending = await database.directory.pendingMigrations();
    if (pending.length === 0) return database;
    if (!database.isEmpty) {
      throw new CommandError(`${placeOf(config)} lacks ${pending.join(', ')}; run \`ajwtd migrate\` first`);
    }
    // Another process may have created them in the meantime.
    const migrations = await database.directory.migrate();
    return { ...database, created: migrations.length > 0 };
  } catch (error) {
    await database.close();
    throw cannotOpen(config, error);
  }
}

/** As {@link openDatabase}, but with any tables or none. @throws CommandError if it cannot be opened */
export async function connectDatabase(
  config: DatabaseConfig,
  opener: Opener,
  onWriteError?: (error: unknown) => void,
): Promise<Database> {
  const instances: Kysely<unknown>[] = [];
  const close = async () => {
    for (const instance of instances) await instance.destroy();
  };
  try {
    if (config.kind === 'sqlite') checkFileAccess(config.path);
    const isNew = config.kind === 'sqlite' && makeFile(config.path);
    const dialect = await dialectMaker(config, opener);
    const connect = (connections: number) => {
      const instance = new Kysely<unknown>({ dialect: dialect(connections) });
      instances.push(instance);
      return instance;
    };
    const first = connect(DIRECTORY_CONNECTIONS);
    const isEmpty = isNew || (await first.introspection.getTables()).every(({ name }) => NONCE_TABLES.includes(name));
    // Checked again: SQLite may have created files, or the database at the end of a broken link.
    const warnings = config.kind === 'sqlite' ? checkFileAccess(config.path) : [];
    const checkFile = config.kind === 'sqlite' ? fileCheck(config.path) : () => {};
    const directory = sqlDirectory(first, onWriteError === undefined ? {} : { onWriteError });
    const closeAll = async () => {
      await directory.close();
      await close();
    };
    return { config, created: false, isEmpty, warnings, directory, connect, checkFile, close: closeAll };
  } catch (error) {
    await close();
    throw cannotOpen(config, error);
  }
}

/** Imports only the driver that it needs. */
async function dialectMaker(config: DatabaseConfig, opener: Opener): Promise<(connections: number) => Dialect> {
  const limits = POOL_LIMITS[opener];
  if (config.kind === 'sqlite') return () => nodeSqliteDialect(config.path, { busyTimeoutMs: SQLITE_WAIT_MS[opener] });
  if (config.kind === 'postgres') {
    const { postgresDialect } = await import('./postgres.ts');
    return (connections) => postgresDialect(config, limits, connections);
  }
  const { mysqlDialect } = await import('./mysql.ts');
  return (connections) => mysqlDialect(config, limits, connections);
}

/** Returns the name of the database for messages. */
function placeOf(config: DatabaseConfig): string {
  return config.kind === 'sqlite' ? config.path : config.name;
}

function cannotOpen(config: DatabaseConfig, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const reason = (config.kind === 'sqlite' ? whyNotPermitted(config.path, error) : undefined) ?? reasonOf(error);
  return new CommandError(`the database ${placeOf(config)} cannot be opened: ${reason}`);
}

/** Returns the message of an error. If all addresses of a host refused, the errors are inside. */
export function reasonOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: readonly unknown[] };
  if (errors?.[0] !== undefined) return reasonOf(errors[0]);
  return message || code || 'unknown error';
}
