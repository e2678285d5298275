/** The database: opened, and refused where its tables are not what this version knows. */
import { CommandError } from 'ajwt-cli-kit';
import { type Directory, nodeSqliteDialect, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { type Dialect, Kysely } from 'kysely';
import type { DatabaseConfig } from './config.ts';
import { fileCheck, makeFile } from './file.ts';
import { checkFileAccess } from './file-access.ts';
import { whyNotPermitted } from './file-permission.ts';
import { type Opener, POOL_LIMITS, SQLITE_WAIT } from './pool-limits.ts';

/** An open database. */
export interface Database {
  readonly config: DatabaseConfig;
  /** Whether its tables were made here, just now. */
  readonly created: boolean;
  /** Whether it had no tables when it was opened, except those of nonces. */
  readonly isEmpty: boolean;
  /** What an operator should know about who else can change it. */
  readonly warnings: readonly string[];
  readonly directory: Directory;
  /**
   * More connections to the same database: what goes on in one never waits for the other.
   *
   * @param connections - most of them, where the database is a server
   */
  connect(connections: number): Kysely<unknown>;
  /**
   * To be asked before what is open is believed: whoever puts another file in its place changes users there, and claims nonces there.
   *
   * @throws UnavailableError where the path leads to another file, or none
   */
  checkFile(): void;
  close(): Promise<void>;
}

/** A nonce store that another process opens may have made its tables first. */
const NONCE_TABLES = ['ajwt_nonce', 'ajwt_epoch', 'ajwt_life'];

/** Connections for users and keys: they are read now and then, as they are cached. */
const FOR_DIRECTORY = 3;

/**
 * Opens a database. A new one gets its tables at once; an older one must be migrated first.
 *
 * @param onWriteError - told where it could not be written when keys were used
 * @throws CommandError where it cannot be opened, or has not the tables of this version
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
    // Another process may be faster, and then has made it.
    const made = await database.directory.migrate();
    return { ...database, created: made.length > 0 };
  } catch (error) {
    await database.close();
    throw cannotBeOpened(config, error);
  }
}

/** As {@link openDatabase}, whatever its tables are. @throws CommandError where it cannot be opened */
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
    const first = connect(FOR_DIRECTORY);
    const isEmpty = isNew || (await first.introspection.getTables()).every(({ name }) => NONCE_TABLES.includes(name));
    // Again, as SQLite may have made files, and where a link led nowhere, the database.
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
    throw cannotBeOpened(config, error);
  }
}

/** A driver is loaded where it is used. */
async function dialectMaker(config: DatabaseConfig, opener: Opener): Promise<(connections: number) => Dialect> {
  const limits = POOL_LIMITS[opener];
  if (config.kind === 'sqlite') return () => nodeSqliteDialect(config.path, { busyTimeoutMs: SQLITE_WAIT[opener] });
  if (config.kind === 'postgres') {
    const { postgresDialect } = await import('./postgres.ts');
    return (connections) => postgresDialect(config, limits, connections);
  }
  const { mysqlDialect } = await import('./mysql.ts');
  return (connections) => mysqlDialect(config, limits, connections);
}

/** What messages call it. */
function placeOf(config: DatabaseConfig): string {
  return config.kind === 'sqlite' ? config.path : config.name;
}

function cannotBeOpened(config: DatabaseConfig, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const reason = (config.kind === 'sqlite' ? whyNotPermitted(config.path, error) : undefined) ?? reasonOf(error);
  return new CommandError(`the database ${placeOf(config)} cannot be opened: ${reason}`);
}

/** Where every address of a host refuses, the reasons are inside. */
export function reasonOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: string; errors?: readonly unknown[] };
  if (errors?.[0] !== undefined) return reasonOf(errors[0]);
  return message || code || 'the reason is not known';
}
