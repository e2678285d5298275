/** Runs one server of the comparison on its own core, and measures the cost of a request. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { load } from '../load.ts';
import { PINNED, type RunningServer, SOURCE, startProgram } from '../programs.ts';

/** The results of one round of requests. */
export interface Round {
  /** CPU time per request of all the server's threads, in microseconds. */
  readonly cpuMicros: number;
  /** Requests a second. */
  readonly rate: number;
}

/** Starts `bench/http/server.ts NAME FOLDER`. */
export function startServer(name: string, folder: string, env: NodeJS.ProcessEnv = {}): Promise<RunningServer> {
  const words = [...PINNED, ...SOURCE, resolve('bench/http/server.ts'), name, folder];
  return startProgram(words, undefined, { NODE_ENV: 'production', ...env });
}

/** Measures the server while it responds to requests over 64 connections. */
export async function measure({ port, child }: RunningServer, requests: readonly Buffer[]): Promise<Round> {
  const before = cpuMicros(child.pid as number);
  const rate = await load(port, requests, 64);
  return { rate, cpuMicros: (cpuMicros(child.pid as number) - before) / requests.length };
}

/** Returns the CPU time used so far by all threads of a process and its children, in microseconds. */
export function cpuMicros(pid: number): number {
  let micros = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const read = (file: string) => readFileSync(`/proc/${pid}/task/${task}/${file}`, 'utf8');
    micros += Number(read('schedstat').split(' ')[0]) / 1000;
    for (const child of read('children').split(' ')) if (child !== '') micros += cpuMicros(Number(child));
  }
  return micros;
}

/** Returns the resident memory of a process and its children, in megabytes. */
export function megabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const own = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  return children.reduce((sum, child) => sum + megabytes(Number(child)), own);
}
