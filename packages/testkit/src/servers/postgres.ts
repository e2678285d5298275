/** Runs PostgreSQL servers and standbys from Debian's package, for tests. */
import { appendFileSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { mustRun } from '../run.ts';
import {
  findProgram,
  freePort,
  type Running,
  type ServerUser,
  serverFolder,
  serverUser,
  startServer,
  stopServer,
  untilReady,
} from './process.ts';
import { copyTemplate } from './template.ts';

const PLACES = globSync('/usr/lib/postgresql/*/bin').sort().reverse();
const initdb = findProgram('initdb', PLACES);

/** Whether tests that need PostgreSQL are skipped. `npm run test:all` skips none. */
export const lacksPostgres = process.env.AJWT_TEST_ALL === undefined && initdb === undefined;

/** If root runs the tests, the server runs as this user, which its package has created. */
const USER_OF_PACKAGE = 'postgres';
const CONFIGURATION = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 16MB
max_connections = 40
wal_level = replica
max_wal_senders = 4
hot_standby = on
`;

/** A PostgreSQL server that the tests start. */
export class PostgresServer {
  readonly #folder: string;
  readonly #user: ServerUser;
  readonly port: number;
  #running: Running | undefined;

  private constructor(folder: string, user: ServerUser, port: number) {
    this.#folder = folder;
    this.#user = user;
    this.port = port;
  }

  /**
   * Makes a new database cluster and starts it.
   *
   * @param settings - lines for `postgresql.conf`
   */
  static async start(settings: readonly string[] = []): Promise<PostgresServer> {
    const server = await PostgresServer.#make();
    await copyTemplate(server.#path('initdb'), server.#data, () =>
      server.#tool('initdb', '-D', server.#data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-instructions'),
    );
    server.configure(CONFIGURATION, `port = ${server.port}`, ...settings);
    await server.restart();
    return server;
  }

  /** Makes a streaming standby of this server and starts it. */
  async standby(): Promise<PostgresServer> {
    const standby = await PostgresServer.#make();
    const from = ['-h', '127.0.0.1', '-p', String(this.port), '-U', 'postgres'];
    await standby.#tool('pg_basebackup', '-D', standby.#data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync', ...from);
    standby.configure(`port = ${standby.port}`);
    await standby.restart();
    return standby;
  }

  static async #make(): Promise<PostgresServer> {
    const user = serverUser(USER_OF_PACKAGE);
    return new PostgresServer(serverFolder('postgres', user), user, await freePort());
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** Adds lines to `postgresql.conf`. They take effect when the server starts again. */
  configure(...lines: readonly string[]): void {
    appendFileSync(join(this.#data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  }

  /** Settings of a connection, for `pg.Pool` and `pg.Client`. */
  get connection() {
    return { host: '127.0.0.1', port: this.port, user: 'postgres', database: 'postgres' };
  }

  /** Runs one statement on a new connection. @returns its rows */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(this.connection);
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async promote(): Promise<void> {
    await this.query('SELECT pg_promote(true)');
  }

  /** The process id of the postmaster, for signals. */
  get pid(): number {
    return this.#running?.child.pid as number;
  }

  /** Stops the server without a checkpoint if it is running. */
  async crash(): Promise<void> {
    if (this.#running !== undefined) await stopServer(this.#running, 'SIGQUIT');
  }

  /** Starts the server. If it is running, stops it without a checkpoint first. */
  async restart(): Promise<void> {
    await this.crash();
    this.#running = startServer(this.#path('postgres'), ['-D', this.#data], this.#user);
    await untilReady(this.#running, () => this.query('SELECT 1'));
  }

  async remove(): Promise<void> {
    await this.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(program: string): string {
    if (initdb === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql');
    return join(dirname(initdb), program);
  }

  /** Runs a program of PostgreSQL, without blocking the event loop. */
  async #tool(program: string, ...words: readonly string[]): Promise<void> {
    await mustRun(this.#path(program), words, { ...this.#user, cwd: '/' });
  }
}
