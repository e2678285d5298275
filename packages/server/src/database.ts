/** The database: opened, and refused where its tables are not what this version knows. */
import { closeSync, openSync, statSync } from 'node:fs';
import { UnavailableError } from 'asymmetric-jwt-auth';
import { CommandError } from 'asymmetric-jwt-auth/internal/command-line';
import { type Directory, nodeSqlite, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { Kysely } from 'kysely';

/** An open database. */
export interface Database {
  readonly path: string;
  /** Whether it was made just now. */
  readonly created: boolean;
  readonly directory: Directory;
  /** Another connection to the same file: what goes on in one never waits for the other. */
  connect(): Kysely<unknown>;
  /**
   * To be asked before what is open is believed: whoever puts another file in its place changes users there, and claims nonces there.
   *
   * @throws UnavailableError where the path leads to another file, or none
   */
  checkFile(): void;
  close(): Promise<void>;
}

/**
 * Opens a database. A new one gets its tables at once; an older one must be migrated first.
 *
 * @param path - absolute path of an SQLite file
 * @param wait - milliseconds that a statement waits for another process's lock: for commands, not for servers
 * @throws CommandError where it cannot be opened, or has not the tables of this version
 */
export async function openDatabase(path: string, wait: number): Promise<Database> {
  const database = await connectDatabase(path, wait);
  const pending = await database.directory.pendingMigrations();
  if (pending.length > 0 && !database.created) {
    await database.close();
    throw new CommandError(`${path} lacks ${pending.join(', ')}; run \`ajwtd migrate\` first`);
  }
  await database.directory.migrate();
  return database;
}

/** As {@link openDatabase}, whatever its tables are. @throws CommandError where it cannot be opened */
export async function connectDatabase(path: string, wait: number): Promise<Database> {
  const connections: Kysely<unknown>[] = [];
  const connect = () => {
    const connection = new Kysely<unknown>({ dialect: nodeSqlite(path, { wait }) });
    connections.push(connection);
    return connection;
  };
  const close = async () => {
    for (const connection of connections) await connection.destroy();
  };
  try {
    const created = makeFile(path);
    const file = fileAt(path);
    const directory = sqlDirectory(connect());
    const isEmpty = created || (await isWithoutTables(connections[0] as Kysely<unknown>));
    const checkFile = () => {
      if (fileAt(path) !== file) throw new UnavailableError(`the file ${path} was replaced or removed; restart ajwtd`);
    };
    return { path, created: isEmpty, directory, connect, checkFile, close };
  } catch (error) {
    await close();
    throw new CommandError(`the database ${path} cannot be opened: ${(error as Error).message}`);
  }
}

/** Whoever can write to the file decides who gets in: it is made for its owner alone. @returns whether it is new */
function makeFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Which file a path leads to. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}

async function isWithoutTables(connection: Kysely<unknown>): Promise<boolean> {
  return (await connection.introspection.getTables()).length === 0;
}
