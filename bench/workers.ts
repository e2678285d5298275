/** Measures `ajwtd` with one and with two worker processes, which share the nonces in Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from 'ajwt-testkit/servers/redis';
import { cpuMicros } from './http/measure.ts';
import type { Kind } from './kinds.ts';
import { load } from './load.ts';
import { median } from './pairs.ts';
import { AJWTD, registerUsers, signedRequests, startProgram } from './programs.ts';

const USERS = 40;
const REQUESTS = 3000;
const ROUNDS = 7;
const WARM_UP = 2;

export interface WorkersRow {
  readonly workers: number;
  /** Requests a second. The workers, Redis and the benchmark share the cores of the machine. */
  readonly rate: number;
  /** CPU time per request of all processes of `ajwtd`, in microseconds. */
  readonly cpu: number;
}

export async function benchWorkers({ make }: Kind, tell: (what: string) => void): Promise<WorkersRow[]> {
  const keys = await Promise.all(Array.from({ length: USERS }, make));
  const redis = await startRedis();
  const rows: WorkersRow[] = [];
  try {
    for (const workers of [1, 2]) {
      tell(`scaling: ${workers} workers`);
      const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
      await registerUsers(keys, folder);
      const options = ['--workers', String(workers), '--nonces', `redis://127.0.0.1:${redis.port}`];
      const listen = ['--listen', '127.0.0.1:0', '--admin-listen', 'off'];
      const { port, child } = await startProgram([...AJWTD, 'serve', ...listen, ...options], folder);
      const [rates, cpu]: [number[], number[]] = [[], []];
      for (let round = 0; round < WARM_UP + ROUNDS; round++) {
        const requests = await signedRequests(keys, REQUESTS, '/.ajwt/auth');
        const before = cpuMicros(child.pid as number);
        const rate = await load(port, requests, 64);
        if (round < WARM_UP) continue;
        rates.push(rate);
        cpu.push((cpuMicros(child.pid as number) - before) / REQUESTS);
      }
      rows.push({ workers, rate: median(rates), cpu: median(cpu) });
      child.kill();
      await rm(folder, { recursive: true });
    }
  } finally {
    await redis.stop();
  }
  return rows;
}
