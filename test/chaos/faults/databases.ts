/** Faults of a PostgreSQL or MariaDB server that two processes share. */
import { readFileSync } from 'node:fs';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { until } from 'ajwt-testkit/servers/redis';
import type { Fault, Scene } from '../fault.ts';
import { Program } from '../program.ts';
import type { StoreAddress } from '../stores.ts';
import { Switch } from '../switch.ts';
import { RECOVERY, TIMES } from '../times.ts';
import type { Users } from '../users.ts';

const DATABASES = {
  postgres: {
    driver: 'postgres',
    start: () => PostgresServer.start(),
    missing: () => (lacksPostgres ? 'needs postgresql' : undefined),
  },
  mariadb: {
    driver: 'mysql',
    start: () => MariadbServer.start(),
    missing: () => (lacksMariadb ? 'needs mariadb-server' : undefined),
  },
} as const;

type Server = PostgresServer | MariadbServer;

async function onDatabase(
  kind: keyof typeof DATABASES,
  users: Users,
  faults: (server: Server) => Pick<Scene, 'inject' | 'heal'>,
): Promise<Scene> {
  const server = await DATABASES[kind].start();
  const { port, user, database } = server.connection;
  const address: StoreAddress = { kind: DATABASES[kind].driver, port, user, database };
  const servers = [await Program.service(address, TIMES, users), await Program.service(address, TIMES, users)];
  return {
    servers,
    ...faults(server),
    async end() {
      for (const program of servers) await program.kill();
      await server.remove();
    },
  };
}

/** A server and the processes that handle its connections. */
function signalAll(pid: number, name: NodeJS.Signals): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  for (const one of [pid, ...children.map(Number)]) process.kill(one, name);
}

function faultsOf(kind: keyof typeof DATABASES, name: string): Fault[] {
  const common = { recovery: RECOVERY[kind], felt: 'unavailable', missing: DATABASES[kind].missing } as const;
  return [
    {
      ...common,
      name: `${kind}-restarted`,
      what: `${name} crashes and restarts, without a remainder`,
      lasts: 0.5,
      set: (users) =>
        onDatabase(kind, users, (server) => ({ inject: () => server.crash(), heal: () => server.restart() })),
    },
    {
      ...common,
      name: `${kind}-paused`,
      what: `${name} is paused (SIGSTOP) with all its processes, and continues`,
      lasts: 1.5,
      set: (users) =>
        onDatabase(kind, users, (server) => ({
          inject: async () => signalAll(server.pid, 'SIGSTOP'),
          async heal() {
            signalAll(server.pid, 'SIGCONT');
            await server.query('SELECT 1');
          },
        })),
    },
  ];
}

/** An asynchronous standby takes over. In the next round, a standby of the new primary takes over. */
const FAILOVER: Fault = {
  name: 'postgres-failover',
  what: 'PostgreSQL is killed; its standby is promoted and takes over the address',
  recovery: RECOVERY.postgres,
  lasts: 0,
  felt: 'unavailable',
  remainder: 'ahead',
  missing: DATABASES.postgres.missing,
  async set(users) {
    let primary = await PostgresServer.start();
    const address = await Switch.to(primary.port);
    const { user, database } = primary.connection;
    const store: StoreAddress = { kind: 'postgres', port: address.port, user, database };
    const servers = [await Program.service(store, TIMES, users), await Program.service(store, TIMES, users)];
    let standby = await primary.standby();
    const streams = () =>
      until('the standby is in sync', async () => {
        const [row] = await primary.query("SELECT 1 AS there FROM pg_stat_replication WHERE state = 'streaming'");
        return row !== undefined;
      });
    await streams();
    return {
      servers,
      inject: () => primary.crash(),
      async heal() {
        await standby.promote();
        address.turn(standby.port);
      },
      async restore() {
        await primary.remove();
        primary = standby;
        standby = await primary.standby();
        await streams();
      },
      async end() {
        for (const program of servers) await program.kill();
        address.close();
        for (const server of [primary, standby]) await server.remove();
      },
    };
  },
};

export const DATABASE_FAULTS: readonly Fault[] = [
  ...faultsOf('postgres', 'PostgreSQL'),
  FAILOVER,
  ...faultsOf('mariadb', 'MariaDB'),
];
