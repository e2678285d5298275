/** The stores that several processes can share, on real servers that the race starts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { lacksRedis, startRedis, startRedisCluster } from 'ajwt-testkit/servers/redis';
import type { Address } from './address.ts';

/** A store to run the race on. */
export interface SharedStore {
  readonly name: string;
  /** The Debian package that it needs, if that is not installed. */
  readonly lacks: string | undefined;
  start(): Promise<{ readonly address: Address; stop(): Promise<void> }>;
}

export const SHARED_STORES: readonly SharedStore[] = [
  {
    name: 'sqlite',
    lacks: undefined,
    async start() {
      const folder = await mkdtemp(join(tmpdir(), 'ajwt-race-'));
      const stop = () => rm(folder, { recursive: true, force: true });
      return { address: { kind: 'sqlite', file: join(folder, 'nonces.db') }, stop };
    },
  },
  {
    name: 'postgres',
    lacks: lacksPostgres ? 'postgresql' : undefined,
    async start() {
      const server = await PostgresServer.start();
      return { address: { kind: 'postgres', ...server.connection }, stop: () => server.remove() };
    },
  },
  {
    name: 'mariadb',
    lacks: lacksMariadb ? 'mariadb-server' : undefined,
    async start() {
      const server = await MariadbServer.start();
      return { address: { kind: 'mariadb', ...server.connection }, stop: () => server.remove() };
    },
  },
  {
    name: 'redis',
    lacks: lacksRedis() ? 'redis-server' : undefined,
    async start() {
      const server = await startRedis();
      return { address: { kind: 'redis', ports: [server.port] }, stop: () => server.stop() };
    },
  },
  {
    name: 'redis-cluster',
    lacks: lacksRedis() ? 'redis-server' : undefined,
    async start() {
      const { nodes, stop } = await startRedisCluster();
      return { address: { kind: 'redis-cluster', ports: nodes.map(({ port }) => port) }, stop };
    },
  },
];
