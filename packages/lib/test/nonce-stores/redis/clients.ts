/** Clients of both libraries, and a way for tests to set the clock of Redis. */

import type { RedisServer } from 'ajwt-testkit/servers/redis';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { IoredisClient, NodeRedisClient, RedisClient } from '../../../src/nonce-stores/redis/redis-nonce-store.ts';

/** A client, and a function that disconnects it. */
export interface TestClient {
  readonly client: RedisClient;
  end(): void;
}

type Connect = (ports: readonly number[], options?: { username: string; password: string }) => Promise<TestClient>;
const host = '127.0.0.1';
/** Ignores connection errors: the tests break connections on purpose, and clients emit an error event for each. */
const ignore = () => {};

/** Functions that connect to one server, by library. */
export const SINGLE: Readonly<Record<'ioredis' | 'redis', Connect>> = {
  async ioredis([port], options = { username: '', password: '' }) {
    const client = new Redis({ ...options, host, port: port as number, retryStrategy: () => 50 });
    client.on('error', ignore);
    return { client, end: () => client.disconnect() };
  },
  async redis([port], options) {
    const client = createClient({ ...options, socket: { host, port: port as number, reconnectStrategy: () => 50 } });
    client.on('error', ignore);
    client.connect().catch(ignore);
    return { client, end: () => client.destroy() };
  },
};

export const CLUSTER: Readonly<Record<'ioredis' | 'redis', Connect>> = {
  async ioredis(ports) {
    const client = new Cluster(
      ports.map((port) => ({ host, port })),
      { clusterRetryStrategy: () => 50, retryDelayOnFailover: 50 },
    );
    client.on('error', ignore);
    return { client, end: () => client.disconnect() };
  },
  async redis(ports) {
    const client = createCluster({ rootNodes: ports.map((port) => ({ socket: { host, port } })) });
    client.on('error', ignore);
    await client.connect();
    return { client, end: () => client.destroy() };
  },
};

export const portsOf = (servers: readonly RedisServer[]) => servers.map(({ port }) => port);

/** Makes a client whose scripts use a clock that the test sets, instead of the clock of Redis. */
export function atClock(client: RedisClient, now: () => number): RedisClient {
  const unknown = () => Promise.reject(new Error('NOSCRIPT the script was replaced'));
  const timed = (script: string) => {
    const seconds = Math.floor(now());
    const text = script.replace("redis.call('TIME')", `{ '${seconds}', '${Math.round((now() - seconds) * 1e6)}' }`);
    if (text === script) throw new Error('the script does not call TIME');
    return text;
  };
  // The script that inspects a server does not read the clock.
  const at = (script: string) => (script.includes('acl_check_cmd') ? script : timed(script));
  return 'evalSha' in client
    ? ({
        ...bound(client),
        evalSha: unknown,
        eval: (script, options) => client.eval(at(script), options),
      } satisfies NodeRedisClient)
    : ({
        ...piped(client),
        evalsha: unknown,
        eval: (script, ...rest) => client.eval(at(script), ...rest),
      } satisfies IoredisClient);
}

const bound = (client: NodeRedisClient) => ({ multi: (key?: string) => client.multi(key) });
const piped = (client: IoredisClient) => ({ pipeline: (commands: unknown[][]) => client.pipeline(commands) });
