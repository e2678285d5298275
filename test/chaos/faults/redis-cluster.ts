/** Faults of a Redis Cluster with three masters, each with a replica. */
import { createHash } from 'node:crypto';
import { type RedisServer, startRedisCluster, until } from 'ajwt-testkit/servers/redis';
import type { Fault, Scene } from '../fault.ts';
import { wall } from '../load.ts';
import { Program } from '../program.ts';
import { RECOVERY, TIMES } from '../times.ts';
import type { Users } from '../users.ts';
import { missing } from './redis.ts';

/** Returns the Redis key of a user's bucket. */
const keyOf = (username: string) =>
  `ajwt:nonces:${createHash('sha256').update(username).digest().readUInt16BE() % 1024}`;

async function onCluster(
  users: Users,
  faults: (nodes: readonly RedisServer[]) => Omit<Scene, 'servers' | 'end'>,
): Promise<Scene> {
  const { nodes, stop } = await startRedisCluster();
  const address = { kind: 'cluster', ports: nodes.map(({ port }) => port) } as const;
  const servers = [await Program.service(address, TIMES, users), await Program.service(address, TIMES, users)];
  return {
    servers,
    ...faults(nodes),
    async end() {
      for (const server of servers) await server.kill();
      await stop();
    },
  };
}

const isMaster = async (node: RedisServer) => (await node.cli('ROLE')).startsWith('master');
const promoted = (node: RedisServer) => until('the replica is promoted', () => isMaster(node));
const wholeAgain = (nodes: readonly RedisServer[]) =>
  until('the cluster is complete', async () => {
    const states = await Promise.all(nodes.map((node) => node.cli('CLUSTER', 'INFO')));
    return states.every((state) => state.includes('cluster_state:ok'));
  });
/** Returns the first master and its replica, which swap roles in each round. */
const inTurn = (nodes: readonly RedisServer[], round: number) =>
  (round % 2 === 0 ? [nodes[0], nodes[3]] : [nodes[3], nodes[0]]) as [RedisServer, RedisServer];

export const REDIS_CLUSTER_FAULTS: readonly Fault[] = [
  {
    name: 'cluster-master-killed',
    what: 'a master is killed and its replica promoted; it returns as a replica, and becomes master again in the next round',
    recovery: RECOVERY.redis,
    lasts: 0,
    felt: 'unavailable',
    remainder: 'ahead',
    missing,
    set: (users) =>
      onCluster(users, (nodes) => ({
        inject: (round) => inTurn(nodes, round)[0].kill(),
        async heal(round) {
          const [dead, heir] = inTurn(nodes, round);
          await promoted(heir);
          await wholeAgain(nodes.filter((node) => node !== dead));
        },
        async restore(round) {
          const [dead] = inTurn(nodes, round);
          await dead.start();
          await until(
            'the killed master is a replica in sync',
            async () =>
              (await dead.cli('ROLE')).startsWith('slave\n127.0.0.1') &&
              (await dead.cli('INFO', 'replication')).includes('master_link_status:up'),
          );
        },
      })),
  },
  {
    name: 'cluster-fail-back',
    what: 'a replica takes over by force, and then the old master again within the round (A→B→A)',
    recovery: RECOVERY.redis,
    lasts: 0.5,
    felt: 'forgotten',
    remainder: 'ahead',
    missing,
    set: (users) =>
      onCluster(users, (nodes) => {
        const takeOver = async (node: RedisServer) => {
          await node.cli('CLUSTER', 'FAILOVER', 'TAKEOVER');
          await promoted(node);
        };
        const follows = (node: RedisServer) =>
          until('the other node is a replica in sync', async () =>
            (await node.cli('INFO', 'replication')).includes('master_link_status:up'),
          );
        const [a, b] = inTurn(nodes, 0);
        return {
          async inject() {
            await takeOver(b);
            await follows(a);
          },
          async heal() {
            await takeOver(a);
            await follows(b);
            await wholeAgain(nodes);
          },
        };
      }),
  },
  {
    name: 'cluster-slot-moved',
    what: 'the slot of a user migrates to another master under load, and back in the next round',
    recovery: RECOVERY.redis,
    lasts: 0.5,
    felt: 'forgotten',
    remainder: 'ahead',
    missing,
    set: (users) =>
      onCluster(users, (nodes) => {
        const key = keyOf([...users.privateKeys.keys()][0] as string);
        let [from, to] = [nodes[0], nodes[1]] as [RedisServer, RedisServer];
        let slot = '';
        const ids = async () =>
          [await from.cli('CLUSTER', 'MYID'), await to.cli('CLUSTER', 'MYID')] as [string, string];
        return {
          async inject() {
            slot = await from.cli('CLUSTER', 'KEYSLOT', key);
            const masters = nodes.slice(0, 3);
            for (const node of masters) {
              if ((await node.cli('EXISTS', key).catch(() => 'MOVED')) === '1') from = node;
            }
            to = masters.find((node) => node !== from) as RedisServer;
            const [fromId, toId] = await ids();
            await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
            await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
          },
          async heal() {
            const [, toId] = await ids();
            // Moves the slot early in a second, so that tokens dated in that second still arrive after the move and are refused.
            await until('a second has just begun', async () => wall() % 1 < 0.3);
            const keys = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, '100'))
              .split('\n')
              .filter((one) => one !== '');
            for (const one of keys) await from.cli('MIGRATE', '127.0.0.1', `${to.port}`, one, '0', '5000');
            for (const node of [to, from]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
          },
        };
      }),
  },
];
