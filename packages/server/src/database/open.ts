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
  /** Whether it had no tables except nonce tables when it was opened. */
  readonly isEmpty: boolean;
  /** Warnings for the operator about others who can change it. */
  readonly warnings: readonly string[];
  readonly directory: Directory;
  /**
   * Opens more connections to the same database, so that their statements do not wait for other statements. They are closed with the
   * database.
   *
   * @param connections - maximum number of connections to a database server
   */
  connect(connections: number): Kysely<unknown>;
  /**
   * Checks that the path still leads to the open file. If not, other processes would use a different file for users and nonces.
   *
   * @throws UnavailableError if the file was replaced or removed
   */
  checkFile(): void;
  close(): Promise<void>;
}

/** Tables that the nonce store of another process may have created already. */
const NONCE_TABLES = ['ajwt_nonce', 'ajwt_epoch', 'ajwt_life'];

/** Connections for users and keys. A few are enough, because users and keys are cached. */
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
    // Another process may have created the tables in the meantime.
    const migrations = await database.directory.migrate();
    return { ...database, created: migrations.length > 0 };
  } catch (error) {
    await database.close();
    throw cannotOpen(config, error);
  }
}

/** Opens a database like {@link openDatabase}, but ignores which tables it has. @throws CommandError if it cannot be opened */
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
    // Checked again: SQLite may have created files, such as the target of a broken link.
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

/** Returns a function that makes dialects. Imports only the driver that is needed. */
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

/** Returns the name that messages use for the database. */
function placeOf(config: DatabaseConfig): string {
  return config.kind === 'sqlite' ? config.path : config.name;
}

function cannotOpen(config: DatabaseConfig, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const reason = (config.kind === 'sqlite' ? whyNotPermitted(config.path, error) : undefined) ?? reasonOf(error);
  return new CommandError(`the database ${placeOf(config)} cannot be opened: ${reason}`);
}

/** Returns the message of an error. If all addresses of a host refuse the connection, returns the message for the first address. */
export function reasonOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: readonly unknown[] };
  if (errors?.[0] !== undefined) return reasonOf(errors[0]);
  return message || code || 'unknown error';
}
