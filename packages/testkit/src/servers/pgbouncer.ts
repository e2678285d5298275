/** Runs PgBouncer from Debian's package, for tests. It pools connections to a PostgreSQL server. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import {
  findProgram,
  freePort,
  type Running,
  serverFolder,
  serverUser,
  startServer,
  stopServer,
  untilReady,
} from './process.ts';

const pgbouncer = findProgram('pgbouncer', ['/usr/sbin', '/usr/local/sbin']);

/** Whether tests that need PgBouncer are skipped. `npm run test:all` skips none. */
export const lacksPgBouncer = process.env.AJWT_TEST_ALL === undefined && pgbouncer === undefined;

/** How long a client keeps the same connection to the server: for its session, or for one transaction. */
export type PoolMode = 'session' | 'transaction';

/** A pooler that the tests start, for all databases of one server. */
export class PgBouncer {
  readonly #folder: string;
  readonly port: number;
  readonly #running: Running;

  private constructor(folder: string, port: number, running: Running) {
    this.#folder = folder;
    this.port = port;
    this.#running = running;
  }

  /**
   * Starts a pooler.
   *
   * @param serverPort - port of the PostgreSQL server on 127.0.0.1
   * @param ownPort - port of the pooler; default a free one
   */
  static async start(serverPort: number, mode: PoolMode, ownPort?: number): Promise<PgBouncer> {
    if (pgbouncer === undefined) throw new Error('PgBouncer is not installed: apt-get install pgbouncer');
    // PgBouncer refuses to run as root.
    const user = serverUser('postgres');
    const folder = serverFolder('pgbouncer', user);
    const port = ownPort ?? (await freePort());
    const settings = join(folder, 'pgbouncer.ini');
    // With `auth_type = any`, PgBouncer logs every client in as this user.
    writeFileSync(
      settings,
      `[databases]
* = host=127.0.0.1 port=${serverPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 5
`,
    );
    const bouncer = new PgBouncer(folder, port, startServer(pgbouncer, [settings], user));
    await untilReady(bouncer.#running, () => bouncer.#ask());
    return bouncer;
  }

  async #ask(): Promise<void> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'postgres', database: 'postgres' });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
    } finally {
      await client.end();
    }
  }

  /** Stops the pooler, and closes all its connections. A second call does nothing. */
  async remove(): Promise<void> {
    await stopServer(this.#running, 'SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
