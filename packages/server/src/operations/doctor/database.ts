/** Looks at the database: whether it responds, its version and its tables. */
import { statSync } from 'node:fs';
import { directoryMigrationSql, sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { type Kysely, sql } from 'kysely';
import type { Config } from '../../config.ts';
import { databaseClock } from '../../database/clock.ts';
import type { DatabaseConfig } from '../../database/config.ts';
import { whyNotPermitted } from '../../database/file-permission.ts';
import { reasonOf } from '../../database/open.ts';
import { compareClock, type OtherClock } from './clock.ts';
import { isLoopback } from './configuration.ts';
import { type Finding, findingsOf, someOf } from './finding.ts';
import { openReadOnly } from './read-only.ts';

const { ok, hint, warning, problem } = findingsOf('database');

// biome-ignore lint/suspicious/noExplicitAny: the types of the tables belong to the library
export type AnyDatabase = Kysely<any>;

/** A database that was opened for reading. */
export interface OpenTables {
  readonly findings: readonly Finding[];
  /** `undefined` if the database cannot be read. */
  readonly db: AnyDatabase | undefined;
  /** Whether it has the tables of users and keys, in this version. */
  readonly hasDirectory: boolean;
  /** The names of its tables. */
  readonly tables: ReadonlySet<string>;
  readonly clocks: readonly OtherClock[];
  close(): Promise<void>;
}

/** SQL expressions about database servers. */
const SERVERS = {
  postgres: {
    version: "'PostgreSQL ' || current_setting('server_version')",
    isReadOnly: 'pg_is_in_recovery()',
  },
  mysql: {
    version: 'version()',
    isReadOnly: '@@global.read_only',
  },
} as const;

/** Opens the database and looks at it. Never throws. */
export async function openTables({ database: config }: Config): Promise<OpenTables> {
  const nothing = { db: undefined, hasDirectory: false, tables: new Set<string>(), clocks: [], close: async () => {} };
  if (config.kind === 'sqlite' && statSync(config.path, { throwIfNoEntry: false }) === undefined) {
    const what = `${config.path} does not exist`;
    return {
      ...nothing,
      findings: [warning(what, 'correct --database, or add the first user: `ajwtd user add NAME`')],
    };
  }
  let db: AnyDatabase | undefined;
  try {
    db = await openReadOnly(config);
    const opened = db;
    return { ...(await look(opened, config)), db, close: () => opened.destroy() };
  } catch (error) {
    await db?.destroy();
    const why = (config.kind === 'sqlite' ? whyNotPermitted(config.path, error) : undefined) ?? reasonOf(error);
    const todo = 'correct this first: until then, `ajwtd serve` does not start, and a running one responds with 503';
    return { ...nothing, findings: [problem(`${config.name} cannot be read: ${why}`, todo)] };
  }
}

async function look(db: AnyDatabase, config: DatabaseConfig) {
  const findings: Finding[] = [];
  const clocks: OtherClock[] = [];
  if (config.kind === 'sqlite') {
    const version = await readValue(db, 'sqlite_version()');
    findings.push(ok(`${config.path} can be read (SQLite ${version})`));
  } else {
    const { version, isReadOnly } = SERVERS[config.kind];
    findings.push(ok(`${config.name} responds (${await readValue(db, version)})`), ...encryption(config));
    // The connection is open now, so it does not delay the answer.
    const clock = databaseClock(config.kind, db);
    if (clock !== undefined) clocks.push(await compareClock('the database', clock));
    if (Number(await readValue(db, isReadOnly)) !== 0) {
      const what = `${config.name} is a replica, or is read-only: no nonce can be stored`;
      findings.push(problem(what, 'change --database to the address of the primary'));
    }
  }
  const tables = new Set((await db.introspection.getTables()).map(({ name }) => name));
  const { findings: ofTables, hasDirectory } = await directoryTables(db, config, tables);
  return { findings: [...findings, ...ofTables], hasDirectory, tables, clocks };
}

/** Returns the value of an SQL expression. */
export async function readValue(db: AnyDatabase, expression: string): Promise<unknown> {
  const { rows } = await sql<{ value: unknown }>`SELECT ${sql.raw(expression)} AS value`.execute(db);
  return rows[0]?.value;
}

function encryption({ host, encryption: kind, name }: Extract<DatabaseConfig, { host: string }>): readonly Finding[] {
  if (host.startsWith('/') || isLoopback(host) || kind === 'verified' || kind === 'authority') return [];
  const what = kind === 'none' ? 'is not encrypted' : 'is encrypted, but the certificate of the server is not checked';
  return [
    warning(
      `the connection to ${name} ${what}: anyone on the network path can register keys`,
      'add sslmode=verify-full to the URL, or ssl-mode=VERIFY_IDENTITY for MySQL and MariaDB',
    ),
  ];
}

async function directoryTables(db: AnyDatabase, config: DatabaseConfig, tables: ReadonlySet<string>) {
  const place = config.kind === 'sqlite' ? config.path : config.name;
  const pending = await sqlDirectory(db).pendingMigrations();
  const present = tables.has('ajwt_migration')
    ? (await db.selectFrom('ajwt_migration').select('name').execute()).map(({ name }) => String(name))
    : [];
  if (present.length === 0 && pending.length > 0) {
    const what = `${place} has no tables of users and keys`;
    const others = [...tables].filter((name) => !name.startsWith('ajwt_'));
    const finding =
      others.length === 0
        ? hint(what, '`ajwtd serve`, and every command that needs them, creates them')
        : problem(`${what}, but has others (${someOf(others)})`, 'correct --database, or run `ajwtd migrate`');
    return { findings: [finding], hasDirectory: false };
  }
  if (pending.length > 0) {
    const what = `${place} lacks ${pending.join(', ')}`;
    const todo = 'run `ajwtd migrate`; `ajwtd serve` does not start without it';
    return { findings: [problem(what, todo)], hasDirectory: false };
  }
  const known = directoryMigrationSql(config.kind);
  const later = present.filter((name) => !known.includes(`'${name}'`));
  if (later.length > 0) {
    const what = `a later version of ajwtd has changed the tables (${someOf(later)})`;
    return { findings: [warning(what, 'install that version here too')], hasDirectory: true };
  }
  const [users, keys] = [await countOf(db, 'ajwt_user'), await countOf(db, 'ajwt_key')];
  return { findings: [ok(`the tables are up to date (users: ${users}, keys: ${keys})`)], hasDirectory: true };
}

async function countOf(db: AnyDatabase, table: string): Promise<number> {
  const { count } = await db.selectFrom(table).select(db.fn.countAll().as('count')).executeTakeFirstOrThrow();
  return Number(count);
}
