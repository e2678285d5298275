/** Opens a database for reading. Nothing is created, and nothing is changed. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { nodeSqliteDialect } from 'asymmetric-jwt-auth/sql';
import { type Dialect, Kysely } from 'kysely';
import type { DatabaseConfig } from '../../database/config.ts';
import { realPath } from '../../database/file-owner.ts';
import { POOL_LIMITS, SQLITE_WAIT_MS } from '../../database/pool-limits.ts';

/**
 * Opens a database with one connection. Imports only the driver that it needs.
 *
 * @throws the error of `node:sqlite` if a file cannot be opened; a database server is not contacted before the first statement
 */
export async function openReadOnly(config: DatabaseConfig): Promise<Kysely<unknown>> {
  return new Kysely<unknown>({ dialect: await dialectOf(config) });
}

async function dialectOf(config: DatabaseConfig): Promise<Dialect> {
  if (config.kind === 'sqlite') {
    return nodeSqliteDialect(sourceOf(config.path), { readOnly: true, busyTimeoutMs: SQLITE_WAIT_MS.command });
  }
  if (config.kind === 'postgres') {
    const { postgresDialect } = await import('../../database/postgres.ts');
    return postgresDialect(config, POOL_LIMITS.command, 1);
  }
  const { mysqlDialect } = await import('../../database/mysql.ts');
  return mysqlDialect(config, POOL_LIMITS.command, 1);
}

/**
 * Returns the name by which SQLite opens a file. Without a `-wal` file, no process has a database with a write-ahead log open. SQLite would
 * then create this file and leave it behind, even to read, with an owner and mode that may lock out the server. It creates none for a file
 * that is declared immutable (https://sqlite.org/uri.html). SQLite looks for it next to the target of a link.
 */
function sourceOf(path: string): string {
  const real = realPath(path);
  const isIdle = statSync(`${real}-wal`, { throwIfNoEntry: false }) === undefined && hasWriteAheadLog(real);
  return isIdle ? `file:${pathToFileURL(real).pathname}?immutable=1` : real;
}

/** Reads the version of the file format (https://sqlite.org/fileformat.html §1.3.3). */
function hasWriteAheadLog(path: string): boolean {
  const header = Buffer.alloc(20);
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    readSync(file, header, 0, header.length, 0);
  } catch {
    // SQLite reports the reason.
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return header[18] === 2 && header[19] === 2;
}
