/** Runs MariaDB from Debian's package, for tests. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
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

const mariadbd = findProgram('mariadbd', ['/usr/sbin', '/usr/local/sbin']);
const install = findProgram('mariadb-install-db', ['/usr/bin', '/usr/local/bin']);

/** Whether tests that need MariaDB are skipped. `npm run test:all` skips none. */
export const lacksMariadb =
  process.env.AJWT_TEST_ALL === undefined && (mariadbd === undefined || install === undefined);

/** A MariaDB server that the tests start. */
export class MariadbServer {
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
   * Makes a new data folder and starts a server on it, with the user `test` and its database `test`.
   *
   * @param options - options of `mariadbd`
   */
  static async start(options: readonly string[] = []): Promise<MariadbServer> {
    const user = serverUser('mysql');
    const server = new MariadbServer(serverFolder('mariadb', user), user, await freePort());
    if (install === undefined) throw new Error('MariaDB is not installed: apt-get install mariadb-server');
    const words = ['--no-defaults', `--datadir=${server.#data}`, '--auth-root-authentication-method=normal'];
    await copyTemplate(install, server.#data, () =>
      mustRun(install as string, [...words, '--skip-test-db', '--skip-name-resolve'], { ...user, cwd: '/' }),
    );
    await server.restart(options);
    await server.query("CREATE USER test@'%'");
    await server.query("GRANT ALL ON test.* TO test@'%'");
    await server.query('CREATE DATABASE test');
    return server;
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** Settings of a connection, for `mysql2`. */
  get connection() {
    return { host: '127.0.0.1', port: this.port, user: 'test', database: 'test' };
  }

  /** Runs one statement as root, on a new connection. @returns its rows */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await mysql.createConnection({ host: '127.0.0.1', port: this.port, user: 'root' });
    connection.on('error', () => {});
    try {
      const [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    } finally {
      await connection.end();
    }
  }

  /** Starts a read-only replica, which receives all later writes. This server needs `--log-bin` and `--server-id`. */
  async replica(options: readonly string[]): Promise<MariadbServer> {
    const replica = await MariadbServer.start(options);
    const [{ File, Position } = {}] = await this.query('SHOW MASTER STATUS');
    await replica.query(
      `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${this.port}, MASTER_USER = 'root', MASTER_LOG_FILE = '${File}', MASTER_LOG_POS = ${Position}`,
    );
    await replica.query('START SLAVE');
    await replica.query('SET GLOBAL read_only = 1');
    return replica;
  }

  /** Makes a replica a primary. */
  async promote(): Promise<void> {
    await this.query('STOP SLAVE');
    await this.query('RESET SLAVE ALL');
    await this.query('SET GLOBAL read_only = 0');
  }

  /** The process id, for signals. */
  get pid(): number {
    return this.#running?.child.pid as number;
  }

  /** Kills the server if it is running. */
  async crash(): Promise<void> {
    if (this.#running !== undefined) await stopServer(this.#running, 'SIGKILL');
  }

  /**
   * Starts the server. If it is running, kills it first.
   *
   * @param options - options of `mariadbd`
   */
  async restart(options: readonly string[] = []): Promise<void> {
    await this.crash();
    const words = ['--no-defaults', `--datadir=${this.#data}`, `--port=${this.port}`, '--bind-address=127.0.0.1'];
    const quiet = ['--skip-name-resolve', '--innodb-buffer-pool-size=16M', `--socket=${this.#folder}/socket`];
    this.#running = startServer(mariadbd as string, [...words, ...quiet, ...options], this.#user);
    await untilReady(this.#running, () => this.query('SELECT 1'));
  }

  async remove(): Promise<void> {
    await this.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
