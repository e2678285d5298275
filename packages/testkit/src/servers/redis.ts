/** Starts real Redis servers for tests, on free ports of 127.0.0.1. They stop no later than the test process. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../run.ts';
import { freePort } from './process.ts';

/** Whether tests that need `redis-server` are skipped. `npm run test:all` skips none. */
export function lacksRedis(): boolean {
  return process.env.AJWT_TEST_ALL === undefined && spawnSync('redis-server', ['--version']).error !== undefined;
}

/** A server that can be killed, and started again with the same port and folder. */
export interface RedisServer {
  readonly port: number;
  readonly folder: string;
  /** Runs a command with `redis-cli`, and returns its reply as a string. */
  cli(...words: string[]): Promise<string>;
  start(): Promise<void>;
  /** Ends the process: at once with SIGKILL, the default, or in an orderly way with SIGTERM. */
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Pauses the process, as if its machine hung. `thaw` resumes it. */
  freeze(): void;
  thaw(): void;
  /** Ends the process, and removes its folder. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Waits until a condition returns a value other than `false` and `undefined`. @returns this value */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false | undefined>,
  seconds = 20,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const value = await condition().catch(() => false as const);
    if (value !== false && value !== undefined) return value;
    if (performance.now() > end) throw new Error(`not reached within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts a server that stores nothing on disk, unless the options say otherwise. */
export function startRedis(...words: string[]): Promise<RedisServer> {
  return startRedisIn({}, ...words);
}

/** Starts a server as `startRedis` does, with more environment variables. */
export function startRedisIn(env: Readonly<Record<string, string>>, ...words: string[]): Promise<RedisServer> {
  return onFreePorts(() => startOnFreePort(env, words));
}

/** Starts a server, and tries again if another program takes one of its ports between the choice and the start. */
async function onFreePorts<Server>(start: () => Promise<Server>): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function startOnFreePort(env: Readonly<Record<string, string>>, words: readonly string[]): Promise<RedisServer> {
  const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'ajwt-redis-'))];
  const common = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--repl-diskless-sync-delay',
    '0',
  ];
  return startWith(port, folder, [...common, ...words], env);
}

async function startWith(
  port: number,
  folder: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RedisServer> {
  let child: ChildProcess | undefined;
  const server: RedisServer = {
    port,
    folder,
    async cli(...command) {
      const { code, stdout, stderr } = await run('redis-cli', ['-e', '-h', '127.0.0.1', '-p', `${port}`, ...command]);
      if (code !== 0) throw new Error(`redis-cli ${command.join(' ')}: ${stdout}${stderr}`);
      return stdout.trim();
    },
    async start() {
      const started = spawn('redis-server', words, { stdio: 'ignore', env: { ...process.env, ...env } });
      child = started;
      running.add(started);
      started.on('exit', () => running.delete(started));
      const isOver = () => started.exitCode !== null;
      await until('Redis responds', async () => isOver() || (await server.cli('PING')) === 'PONG');
      if (isOver()) throw new Error('redis-server ended at its start; perhaps another program had taken its port');
    },
    async kill(signal = 'SIGKILL') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGCONT');
      child.kill(signal);
      await once(child, 'exit');
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async stop() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Returns a field of `INFO`. */
export async function infoOf(server: RedisServer, field: string): Promise<string> {
  const line = (await server.cli('INFO')).split('\n').find((one) => one.startsWith(`${field}:`));
  return line?.slice(field.length + 1).trim() ?? '';
}

async function startClusterNode(): Promise<{ node: RedisServer; busPort: number }> {
  const busPort = await freePort();
  const words = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--cluster-node-timeout', '1000'];
  return { node: await startOnFreePort({}, [...words, '--cluster-replica-validity-factor', '0']), busPort };
}

/** Starts a cluster of three masters with one replica each. `nodes` lists the masters first. */
export async function startRedisCluster(): Promise<{ readonly nodes: readonly RedisServer[]; stop(): Promise<void> }> {
  const ports: number[] = [];
  const nodes: RedisServer[] = [];
  for (let index = 0; index < 6; index++) {
    const { node, busPort } = await onFreePorts(startClusterNode);
    ports.push(busPort);
    nodes.push(node);
  }
  const [first, ...others] = nodes as [RedisServer, ...RedisServer[]];
  for (const [index, node] of nodes.slice(0, 3).entries()) {
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`);
    await node.cli('CLUSTER', 'ADDSLOTSRANGE', `${[0, 5461, 10923][index]}`, `${[5460, 10922, 16383][index]}`);
  }
  for (const [index, node] of others.entries()) {
    await first.cli('CLUSTER', 'MEET', '127.0.0.1', `${node.port}`, `${ports[index + 1]}`);
  }
  const everywhere = (what: string, holds: (node: RedisServer) => Promise<boolean>) =>
    until(what, async () => (await Promise.all(nodes.map(holds))).every(Boolean));
  await everywhere('all nodes know each other', async (node) => (await infoLine(node, 'cluster_known_nodes')) === '6');
  for (const [index, node] of nodes.slice(3).entries()) {
    await node.cli('CLUSTER', 'REPLICATE', await (nodes[index] as RedisServer).cli('CLUSTER', 'MYID'));
  }
  await everywhere('the cluster is complete', async (node) => {
    const [state, link, replicas] = [
      infoLine(node, 'cluster_state'),
      infoOf(node, 'master_link_status'),
      infoOf(node, 'connected_slaves'),
    ];
    return (await state) === 'ok' && ((await link) === 'up' || (await replicas) === '1');
  });
  return {
    nodes,
    async stop() {
      for (const node of nodes) await node.stop();
    },
  };
}

async function infoLine(node: RedisServer, field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(await node.cli('CLUSTER', 'INFO'))?.[1];
}

/** Starts a server, a replica of it, and a Sentinel that monitors them under the name `nonces`. */
export async function startRedisWithSentinel(): Promise<{
  readonly servers: readonly [RedisServer, RedisServer];
  readonly sentinel: RedisServer;
  stop(): Promise<void>;
}> {
  const first = await startRedis();
  const second = await startRedis('--replicaof', '127.0.0.1', `${first.port}`);
  const [port, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'ajwt-sentinel-'))];
  const configuration = `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor nonces 127.0.0.1 ${first.port} 1
sentinel down-after-milliseconds nonces 500
sentinel failover-timeout nonces 1000
`;
  await writeFile(join(folder, 'sentinel.conf'), configuration);
  const sentinel = await startWith(port, folder, [join(folder, 'sentinel.conf'), '--sentinel']);
  await until('the replica is known', async () => {
    const known = (await sentinel.cli('SENTINEL', 'REPLICAS', 'nonces')).includes(`${second.port}`);
    return known && (await infoOf(second, 'master_link_status')) === 'up';
  });
  return {
    servers: [first, second],
    sentinel,
    async stop() {
      for (const server of [sentinel, first, second]) await server.stop();
    },
  };
}
