/** Faults of a Redis master and its replica. */
import { infoOf, type RedisServer, startRedis, startRedisWithSentinel, until } from 'ajwt-testkit/servers/redis';
import type { Fault } from '../fault.ts';
import { Program } from '../program.ts';
import { Switch } from '../switch.ts';
import { RECOVERY, TIMES } from '../times.ts';
import { missing } from './redis.ts';

const inStep = (replica: RedisServer) =>
  until('the replica is in sync', async () => (await infoOf(replica, 'master_link_status')) === 'up');
const promoted = (replica: RedisServer) =>
  until('the replica is promoted', async () => (await infoOf(replica, 'role')) === 'master');

export const REDIS_FAILOVER_FAULTS: readonly Fault[] = [
  {
    name: 'redis-failover',
    what: 'Sentinel replaces a killed master, which returns as a replica and becomes master again in the next round (A→B→A)',
    recovery: RECOVERY.redis,
    lasts: 0,
    felt: 'unavailable',
    remainder: 'ahead',
    missing,
    async set(users) {
      const { servers: pair, sentinel, stop } = await startRedisWithSentinel();
      const address = { kind: 'sentinel', port: sentinel.port, master: 'nonces' } as const;
      const servers = [await Program.service(address, TIMES, users), await Program.service(address, TIMES, users)];
      const from = (round: number) => pair[round % 2] as RedisServer;
      const to = (round: number) => pair[(round + 1) % 2] as RedisServer;
      return {
        servers,
        inject: (round) => from(round).kill(),
        async heal(round) {
          await promoted(to(round));
          await until('Sentinel names the new master', async () =>
            (await sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'nonces')).includes(`${to(round).port}`),
          );
        },
        async restore(round) {
          await from(round).start();
          await from(round).cli('REPLICAOF', '127.0.0.1', `${to(round).port}`);
          await inStep(from(round));
          await until('Sentinel lists the old master as a replica', async () => {
            const [, flags] = /^flags\n(.*)$/m.exec(await sentinel.cli('SENTINEL', 'REPLICAS', 'nonces')) ?? [];
            return flags === 'slave';
          });
        },
        async end() {
          for (const server of servers) await server.kill();
          await stop();
        },
      };
    },
  },
  {
    name: 'redis-fail-back',
    what: 'the replica takes over without a restart, and then the old master again within the round (A→B→A)',
    recovery: RECOVERY.redis,
    lasts: 0.5,
    felt: 'forgotten',
    remainder: 'ahead',
    missing,
    async set(users) {
      const [a, b] = [await startRedis(), await startRedis()];
      const attach = async (replica: RedisServer, master: RedisServer) => {
        await replica.cli('REPLICAOF', '127.0.0.1', `${master.port}`);
        await inStep(replica);
      };
      await attach(b, a);
      const address = await Switch.to(a.port);
      const store = { kind: 'redis', port: address.port } as const;
      const servers = [await Program.service(store, TIMES, users), await Program.service(store, TIMES, users)];
      const turn = async (from: RedisServer, to: RedisServer) => {
        await to.cli('REPLICAOF', 'NO', 'ONE');
        address.turn(to.port);
        await attach(from, to);
      };
      return {
        servers,
        inject: () => turn(a, b),
        heal: () => turn(b, a),
        async end() {
          for (const server of servers) await server.kill();
          address.close();
          for (const redis of [a, b]) await redis.stop();
        },
      };
    },
  },
  {
    name: 'redis-split-brain',
    what: 'the replica is promoted while the old master still serves the other process',
    recovery: RECOVERY.redis,
    felt: 'forgotten',
    remainder: 'split',
    provoked: true,
    missing,
    async set(users) {
      const [a, b] = [await startRedis(), await startRedis()];
      const address = await Switch.to(a.port);
      const servers = [
        await Program.service({ kind: 'redis', port: a.port }, TIMES, users),
        await Program.service({ kind: 'redis', port: address.port }, TIMES, users),
      ];
      const follow = async () => {
        await b.cli('REPLICAOF', '127.0.0.1', `${a.port}`);
        await inStep(b);
      };
      await follow();
      return {
        servers,
        async inject() {
          await b.cli('REPLICAOF', 'NO', 'ONE');
          address.turn(b.port);
        },
        async heal() {
          address.turn(a.port);
          await a.cli('PING');
        },
        restore: follow,
        async end() {
          for (const server of servers) await server.kill();
          address.close();
          for (const redis of [a, b]) await redis.stop();
        },
      };
    },
  },
];
