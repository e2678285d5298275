/** Compares `ajwtd` as a forward-auth endpoint on one core with a minimal `node:http` server. */
import type { ChildProcess } from 'node:child_process';
import { verify } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PrivateKey } from 'asymmetric-jwt-auth/client';
import type { Kind } from './kinds.ts';
import { load } from './load.ts';
import { median, type Row } from './pairs.ts';
import { AJWTD, PINNED, registerUsers, SOURCE, signedRequests, startProgram } from './programs.ts';

const USERS = 40;
const REQUESTS = 4000;
const CONNECTIONS = 64;
const ROUNDS = 5;
/** Warm-up rounds. */
const WARM_UP = 3;

/** Measures requests. @returns microseconds for one request, and the ratio to the bound: a plain response plus a bare verification */
export async function benchForwardAuth({ make, hash }: Kind): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
  const children: ChildProcess[] = [];
  const start = async (words: readonly string[]) => {
    const { port, child } = await startProgram([...PINNED, ...words], folder);
    children.push(child);
    return port;
  };
  try {
    const keys = await Promise.all(Array.from({ length: USERS }, make));
    await registerUsers(keys, folder);
    const serve = (nonces: string, log: string) =>
      start([
        ...[...AJWTD, 'serve', '--listen', '127.0.0.1:0', '--admin-listen', 'off'],
        ...['--nonces', nonces, '--access-log', log],
      ]);
    const servers = [
      { name: 'plain node:http, no authentication', port: await start([...SOURCE, resolve('bench/plain-server.ts')]) },
      { name: 'ajwtd forward-auth, --nonces memory --access-log off', port: await serve('memory', 'off') },
      { name: 'ajwtd forward-auth, --nonces memory', port: await serve('memory', 'all') },
      { name: 'ajwtd forward-auth, --nonces database (SQLite) --access-log off', port: await serve('database', 'off') },
      { name: 'ajwtd forward-auth, --nonces database (SQLite)', port: await serve('database', 'all') },
    ];
    const micros = servers.map((): number[] => []);
    const bare: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      for (const [index, { port }] of servers.entries()) {
        const rate = await load(port, await signedRequests(keys, REQUESTS, '/.ajwt/auth'), CONNECTIONS);
        if (round >= WARM_UP) micros[index]?.push(1e6 / rate);
      }
      if (round >= WARM_UP) bare.push(await bareVerification(keys, hash));
    }
    const [plain = 0, ...others] = micros.map(median);
    const bound = plain + median(bare);
    const row = (name: string, time: number) => ({
      name: `${name}: ${Math.round(1e6 / time)}/s`,
      micros: time,
      ratio: bound / time,
    });
    return [
      row('bound: a plain response + a bare crypto.verify', bound),
      row(servers[0]?.name as string, plain),
      ...others.map((time, index) => row(servers[index + 1]?.name as string, time)),
    ];
  } finally {
    for (const child of children) child.kill();
    await rm(folder, { recursive: true });
  }
}

/** Measures bare verification. @returns microseconds for one verification */
async function bareVerification(keys: readonly PrivateKey[], hash: string | null): Promise<number> {
  const samples = await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const key = keys[index % USERS] as PrivateKey;
      const input = Buffer.from(`${index}`.padStart(200, 'x'));
      return { input, signature: await key.sign(input), handle: key.publicKey.handle };
    }),
  );
  const start = performance.now();
  for (const { input, signature, handle } of samples) {
    if (!verify(hash, input, handle, signature)) throw new Error('a bare verification failed');
  }
  return ((performance.now() - start) / samples.length) * 1000;
}
