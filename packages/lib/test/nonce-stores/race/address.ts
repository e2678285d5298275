/** Addresses of nonce stores, which can be passed to another process. */

import { type Address as DatabaseAddress, openDatabase } from 'ajwt-testkit/databases';
import { redisNonceStore } from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import { sqlNonceStore } from '../../../src/sql.ts';
import { CLUSTER, SINGLE } from '../redis/clients.ts';

/** A Redis server on the loopback interface, or some nodes of a cluster. */
interface RedisAddress {
  readonly kind: 'redis' | 'redis-cluster';
  readonly ports: readonly number[];
  /** The prefix of all key names. */
  readonly prefix?: string;
}

export type Address = DatabaseAddress | RedisAddress;

/** Options that keep the race from reaching the deadline or the rate limit. */
const OPTIONS = { maxClaimsPerSecond: 1_000_000, deadlineMs: 5000 };

export async function openStore(address: Address) {
  if (!('ports' in address)) return sqlNonceStore(openDatabase(address), OPTIONS);
  const connect = address.kind === 'redis' ? SINGLE.ioredis : CLUSTER.ioredis;
  const { client } = await connect(address.ports);
  return redisNonceStore(client, { ...OPTIONS, ...(address.prefix === undefined ? {} : { prefix: address.prefix }) });
}
