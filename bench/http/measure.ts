/** Runs one server of the comparison on its own core, and measures the cost of a request. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { load } from '../load.ts';

export const PINNED = spawnSync('taskset', ['-c', '0', 'true']).status === 0 ? ['taskset', '-c', '0'] : [];

export interface RunningServer {
  readonly port: number;
  readonly child: ChildProcess;
}

/** The results of one round of requests. */
export interface Round {
  /** CPU time per request of all the server's threads, in microseconds. */
  readonly cpuMicros: number;
  /** Requests a second. */
  readonly rate: number;
}

/** Starts `bench/http/server.ts NAME FOLDER`. */
export async function startServer(name: string, folder: string, env: NodeJS.ProcessEnv = {}): Promise<RunningServer> {
  const [command = '', ...rest] = [
    ...PINNED,
    process.execPath,
    '--conditions=source',
    resolve('bench/http/server.ts'),
    name,
    folder,
  ];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return { port: Number(port), child };
  }
  throw new Error(`${name} exited before it listened`);
}

/** Measures the server while it responds to requests over 64 connections. */
export async function measure({ port, child }: RunningServer, requests: readonly Buffer[]): Promise<Round> {
  const before = cpuMicros(child.pid as number);
  const rate = await load(port, requests, 64);
  return { rate, cpuMicros: (cpuMicros(child.pid as number) - before) / requests.length };
}

/** Returns the CPU time used so far by all threads of a process, in microseconds. */
function cpuMicros(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const nanos = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
  return nanos.reduce((sum, one) => sum + one, 0) / 1000;
}
