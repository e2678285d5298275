/** All faults. */
import type { Fault } from './fault.ts';
import { CHAOS_FAULTS } from './faults/ajwtd.ts';
import { CLOCK_FAULTS } from './faults/clocks.ts';
import { DATABASE_FAULTS } from './faults/databases.ts';
import { MEMORY_FAULTS } from './faults/memory.ts';
import { REDIS_FAULTS } from './faults/redis.ts';
import { REDIS_CLUSTER_FAULTS } from './faults/redis-cluster.ts';
import { REDIS_FAILOVER_FAULTS } from './faults/redis-failover.ts';
import { SQLITE_FAULTS } from './faults/sqlite.ts';

export const FAULTS: readonly Fault[] = [
  ...MEMORY_FAULTS,
  ...SQLITE_FAULTS,
  ...REDIS_FAULTS,
  ...REDIS_FAILOVER_FAULTS,
  ...REDIS_CLUSTER_FAULTS,
  ...DATABASE_FAULTS,
  ...CHAOS_FAULTS,
  ...CLOCK_FAULTS,
];
