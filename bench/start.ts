/** Compares the time that the shipped command `ajwt` takes from start to exit with that of an empty Node program. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from './pairs.ts';

const run = promisify(execFile);
const ROUNDS = 31;

/** The times of a command in milliseconds. `beyond` is how much longer it takes than Node alone in the same round. */
export interface Start {
  readonly name: string;
  readonly wall: number;
  readonly beyond: number;
  /** The shortest wall-clock time. */
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

/** Runs each command once in every round, so that other work on the machine affects all of them. The first one is the baseline. */
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
  // Users of the command do not have Node's compile cache either.
  const { NODE_COMPILE_CACHE: _cache, ...env } = process.env;
  const started = performance.now();
  // `fetch` exits with 7, because nothing listens on the port. Only its start is measured.
  await run(process.execPath, words, { env }).catch((error) => {
    if (error.code !== 7) throw error;
  });
  return performance.now() - started;
}
