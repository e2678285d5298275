/** Looks at Redis, without reading or writing a key. */
import { inTime } from 'ajwt-cli-kit';
import type { Cluster, Redis } from 'ioredis';
import { pino } from 'pino';
import type { RedisConfig } from '../../nonces/config.ts';
import { connectRedis } from '../../nonces/redis.ts';
import { compareClock, type OtherClock } from './clock.ts';
import { isLoopback } from './configuration.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, hint, warning, problem } = findingsOf('nonces');

/** Milliseconds to wait for Redis. */
const PATIENCE = 2000;
/** Share of `maxmemory` at which Redis counts as nearly full. */
const NEARLY_FULL = 0.8;
/** The first version with the scripts that the store needs. */
const OLDEST = 7;

/** What was found in Redis. */
export interface OpenRedis {
  readonly findings: readonly Finding[];
  readonly clocks: readonly OtherClock[];
}

/** Connects, looks at each master, and disconnects. Never throws. */
export async function openRedis(config: RedisConfig): Promise<OpenRedis> {
  const { name, tls, hosts } = config;
  const client = connectRedis(config, pino({ level: 'silent' }));
  let cause = '';
  client.on('error', (error: Error) => {
    cause = `: ${error.message}`;
  });
  const findings: Finding[] = [];
  if (!tls && hosts.some(({ host }) => !isLoopback(host))) {
    const what = `the connection to ${name} is not encrypted: anyone on the network path can remove nonces`;
    findings.push(warning(what, 'use rediss://, unless the network between the two machines is trusted'));
  }
  const clocks: OtherClock[] = [];
  try {
    await inTime(client.ping(), PATIENCE, 'Redis');
    for (const node of nodesOf(client)) {
      const info = await inTime(node.info(), PATIENCE, 'Redis');
      const read = async () => {
        const [second = 0, microsecond = 0] = (await inTime(node.time(), PATIENCE, 'Redis')).map(Number);
        return second + microsecond / 1e6;
      };
      const place = isCluster(client) ? `Redis ${node.options.host}:${node.options.port}` : 'Redis';
      clocks.push(await compareClock(place, read));
      findings.push(...examineInfo(place, info));
    }
  } catch (error) {
    const why = cause || `: ${(error as Error).message}`;
    findings.push(
      problem(`${name} cannot be used${why}`, 'correct --nonces, or start Redis; until then, callers get a 503'),
    );
  } finally {
    client.disconnect();
  }
  return { findings, clocks };
}

const isCluster = (client: Redis | Cluster): client is Cluster => client.isCluster;

function nodesOf(client: Redis | Cluster): readonly Redis[] {
  return isCluster(client) ? client.nodes('master') : [client];
}

/** Examines the reply to `INFO`. @param place - names the server */
export function examineInfo(place: string, info: string): readonly Finding[] {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const findings: Finding[] = [];
  const version = field('redis_version');
  findings.push(
    Number.parseInt(version, 10) >= OLDEST
      ? ok(`${place} responds (version ${version})`)
      : problem(`${place} has version ${version}`, `install Redis ${OLDEST} or later, or Valkey`),
  );
  if (field('role') !== 'master') {
    findings.push(
      problem(`${place} is a replica: no nonce can be stored`, 'change --nonces to the address of the master'),
    );
  }
  const policy = field('maxmemory_policy');
  if (policy !== 'noeviction') {
    const what = `${place} may delete nonces (maxmemory-policy ${policy}), so ajwtd does not use it`;
    findings.push(problem(what, 'set maxmemory-policy to noeviction'));
  }
  findings.push(...memory(place, Number(field('used_memory')), Number(field('maxmemory'))));
  if (Number(field('connected_slaves')) > 0) {
    const what = `${place} has replicas: while a replaced master still responds, a token can work once on each of the two masters`;
    findings.push(hint(what, 'set min-replicas-to-write 1 and a short min-replicas-max-lag'));
  }
  if (field('aof_enabled') === '0') {
    const what = `${place} has no append-only file: after a restart, a token that was used before it and is dated ahead may work once more`;
    findings.push(hint(what, 'set appendonly yes and appendfsync always, if no token may ever work twice'));
  }
  return findings;
}

function memory(place: string, used: number, most: number): readonly Finding[] {
  if (most === 0) {
    const what = `${place} has no maxmemory: if it fills the memory of its machine, the operating system may kill it`;
    return [hint(what, 'set maxmemory; a nonce takes about 150 bytes for about a minute')];
  }
  const share = Math.round((used / most) * 100);
  if (used < most * NEARLY_FULL) return [];
  return [
    warning(
      `${place} uses ${share} % of its maxmemory; when it is full, no request can be accepted`,
      'raise maxmemory, and use this Redis for no other application',
    ),
  ];
}
