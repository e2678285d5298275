/** Compares `ajwtd` as a forward-auth endpoint on one core with a minimal `node:http` server. */
import { verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PrivateKey } from 'asymmetric-jwt-auth/client';
import { measure } from './http/measure.ts';
import type { Kind } from './kinds.ts';
import { median, type Row } from './pairs.ts';
import { AJWTD, PINNED, type RunningServer, registerUsers, SOURCE, signedRequests, startProgram } from './programs.ts';

const USERS = 40;
const REQUESTS = 4000;
const ROUNDS = 5;
/** Warm-up rounds: V8 needs about 40 000 requests to compile all of a server. */
const WARM_UP = 10;

/**
 * Measures the CPU time of requests, because it depends much less on other work than the rate.
 *
 * @returns microseconds for one request, and the ratio to the bound: a plain response plus a bare verification
 */
export async function benchForwardAuth({ make, hash }: Kind): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
  const servers: (RunningServer & { readonly name: string })[] = [];
  const start = async (name: string, words: readonly string[]) => {
    servers.push({ name, ...(await startProgram([...PINNED, ...words], folder)) });
  };
  try {
    const keys = await Promise.all(Array.from({ length: USERS }, make));
    await registerUsers(keys, folder);
    const serve = (name: string, nonces: string, log: string) =>
      start(`ajwtd forward-auth, --nonces ${name}`, [
        ...[...AJWTD, 'serve', '--listen', '127.0.0.1:0', '--admin-listen', 'off'],
        ...['--nonces', nonces, '--access-log', log],
      ]);
    await start('plain node:http, no authentication', [...SOURCE, resolve('bench/plain-server.ts')]);
    await serve('memory --access-log off', 'memory', 'off');
    await serve('memory', 'memory', 'all');
    await serve('database (SQLite) --access-log off', 'database', 'off');
    await serve('database (SQLite)', 'database', 'all');
    const micros = servers.map((): number[] => []);
    const bare: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      for (const [index, server] of servers.entries()) {
        const { cpuMicros } = await measure(server, await signedRequests(keys, REQUESTS, '/.ajwt/auth'));
        if (round >= WARM_UP) micros[index]?.push(cpuMicros);
      }
      if (round >= WARM_UP) bare.push(await bareVerification(keys, hash));
    }
    const [plain = 0, ...others] = micros.map(median);
    const bound = plain + median(bare);
    const row = (name: string, time: number) => ({ name, micros: time, ratio: bound / time });
    return [
      row('bound: a plain response + a bare crypto.verify', bound),
      row(servers[0]?.name as string, plain),
      ...others.map((time, index) => row(servers[index + 1]?.name as string, time)),
    ];
  } finally {
    for (const { child } of servers) child.kill();
    await rm(folder, { recursive: true });
  }
}

/** Measures bare verification. @returns the CPU time of one verification, in microseconds */
async function bareVerification(keys: readonly PrivateKey[], hash: string | null): Promise<number> {
  const samples = await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const key = keys[index % USERS] as PrivateKey;
      const input = Buffer.from(`${index}`.padStart(200, 'x'));
      return { input, signature: await key.sign(input), handle: key.publicKey.handle };
    }),
  );
  const before = ownMicros();
  for (const { input, signature, handle } of samples) {
    if (!verify(hash, input, handle, signature)) throw new Error('a bare verification failed');
  }
  return (ownMicros() - before) / samples.length;
}

/** Returns the CPU time of this thread, in microseconds. `process.threadCpuUsage()` counts in milliseconds. */
function ownMicros(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1000;
}
