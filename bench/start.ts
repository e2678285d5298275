/** How long the command `ajwt` takes from start to exit, as it is shipped, beside Node that has nothing to do. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './pairs.ts';

const run = promisify(execFile);
const ROUNDS = 31;

/** A command, its wall time, and how much of it is beyond Node's own in the same round; milliseconds. */
export interface Start {
  readonly name: string;
  readonly wall: number;
  readonly beyond: number;
  /** Shortest of all its times. */
  readonly fastest: number;
}

export async function benchStart(): Promise<readonly Start[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
  try {
    await run(process.execPath, ['packages/lib/build.ts', join(folder, 'dist')]);
    const ajwt = join(folder, 'dist/cli/ajwt.cjs');
    const key = join(folder, 'key');
    await run(process.execPath, [ajwt, 'keygen', '--out', key]);
    const identity = ['--user', 'guido', '--key', key];
    return await measure({
      'node -e 0': ['-e', '0'],
      'ajwt --help': [ajwt, '--help'],
      'ajwt pubkey FILE': [ajwt, 'pubkey', key],
      'ajwt token --user NAME --key FILE': [ajwt, 'token', ...identity],
      'ajwt fetch URL, connection refused': [ajwt, 'fetch', '--silent', ...identity, 'http://127.0.0.1:1/'],
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Every round has each of them once: whatever else the machine does meets them all. The first is what the others are held against. */
async function measure(commands: Readonly<Record<string, readonly string[]>>): Promise<readonly Start[]> {
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const times: number[] = [];
    for (const words of Object.values(commands)) times.push(await timeOf(words));
    rounds.push(times);
  }
  return Object.keys(commands).map((name, index) => ({
    name,
    wall: median(rounds.map((times) => times[index] as number)),
    beyond: median(rounds.map((times) => (times[index] as number) - (times[0] as number))),
    fastest: Math.min(...rounds.map((times) => times[index] as number)),
  }));
}

async function timeOf(words: readonly string[]): Promise<number> {
  // A cache of compiled code is not there where somebody calls the command.
  const { NODE_COMPILE_CACHE: _cache, ...env } = process.env;
  const started = performance.now();
  // `fetch` ends with 7, as it must: its start is what counts.
  await run(process.execPath, words, { env }).catch((error) => {
    if (error.code !== 7) throw error;
  });
  return performance.now() - started;
}
