/** Measures the cost of a request in real frameworks: with this library, with hand-written checks, and without authentication. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startRedis } from 'ajwt-testkit/servers/redis';
import { lacksDjango, startDjango } from './http/django.ts';
import { measure, megabytes, startServer } from './http/measure.ts';
import { latencies } from './http/open-loop.ts';
import type { Kind } from './kinds.ts';
import { median } from './pairs.ts';
import { PINNED, type RunningServer, signedRequests } from './programs.ts';

const USERS = 40;
const REQUESTS = 2000;
const ROUNDS = 5;
/** Warm-up rounds, which are not counted: a server that has just started is slower. */
const WARM_UP = 8;
/** Maximum age of the signed requests, in milliseconds. Servers accept tokens for 20 s. */
const STALE = 8000;

/** The variants measured in each framework, in addition to the framework without authentication. */
const SERVERS: Readonly<Record<string, readonly string[]>> = {
  node: ['ours'],
  express: ['ours', 'jose + Map', 'jose + ioredis', 'jsonwebtoken + Map'],
  fastify: ['ours', 'fast-jwt + Map', '@fastify/jwt + Map'],
  hono: ['ours'],
};

const DJANGO = 'django/asymmetric_jwt_auth 1.3.0';
/** Django gets fewer requests a round, because tokens would expire before it has responded to all of them. */
const DJANGO_REQUESTS = 400;

/** The results of one server. */
export interface HttpRow {
  readonly name: string;
  /** Median CPU time per request, in microseconds. */
  readonly cpu: number;
  /** CPU time of the framework without authentication plus one bare `crypto.verify`, divided by `cpu`. Django has none. */
  readonly ofBound: number | undefined;
  /** Requests a second on one core, over 64 connections. */
  readonly rate: number;
  /** Median latency in milliseconds, from the scheduled send time, at half the capacity of the slowest server on Node, or at half of Django's. */
  readonly p50: number;
  readonly p99: number;
  /** Resident memory at the end, in megabytes. */
  readonly rss: number;
}

/** The results for a type of key. */
export interface HttpResults {
  /** CPU time of a bare `crypto.verify`, in microseconds. */
  readonly verify: number;
  readonly rows: readonly HttpRow[];
}

/** @param tell - called with a description of each step */
export async function benchHttp(kind: Kind, tell: (what: string) => void): Promise<HttpResults> {
  const folder = await mkdtemp(join(tmpdir(), 'ajwt-bench-'));
  const redis = await startRedis();
  const servers = new Map<string, RunningServer>();
  try {
    const keys = await Promise.all(Array.from({ length: USERS }, kind.make));
    for (const [index, key] of keys.entries()) {
      await writeFile(join(folder, `user${index}.pub`), key.publicKey.toPem());
      await writeFile(join(folder, `user${index}.pem`), key.toPem());
    }
    const names = Object.entries(SERVERS).flatMap(([framework, hows]) =>
      ['plain', ...(kind.ed25519 ? ['ours'] : hows)].map((how) => `${framework}/${how}`),
    );
    const env = { REDIS_PORT: String(redis.port), BENCH_ED25519: kind.ed25519 && 'sodium-native' };
    for (const name of names) servers.set(name, await startServer(name, folder, env));
    // The Python package does not support ECDSA.
    if (!lacksDjango && kind.alg !== 'ES256' && !kind.ed25519) servers.set(DJANGO, await startDjango(folder));

    const cpu = new Map([...servers.keys()].map((name): [string, number[]] => [name, []]));
    const rates = new Map([...servers.keys()].map((name): [string, number[]] => [name, []]));
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      tell(`${kind.title}: round ${round + 1} of ${WARM_UP + ROUNDS}`);
      let signed = Number.NEGATIVE_INFINITY;
      let requests: Buffer[] = [];
      for (const [name, server] of servers) {
        // Each server has its own nonce store, so all servers can receive the same tokens while they are fresh.
        if (performance.now() - signed > STALE) {
          requests = await signedRequests(keys, REQUESTS, '/');
          signed = performance.now();
        }
        const some = name === DJANGO ? await signedRequests(keys, DJANGO_REQUESTS, '/') : requests;
        const { cpuMicros: micros, rate } = await measure(server, some);
        if (round < WARM_UP) continue;
        cpu.get(name)?.push(micros);
        rates.get(name)?.push(rate);
      }
    }
    const medianOf = (values: Map<string, number[]>, name: string) => median(values.get(name) ?? []);

    const verify = await bareVerification(kind, folder);
    const slowest = Math.min(...names.map((name) => medianOf(rates, name)));
    const rows: HttpRow[] = [];
    for (const [name, server] of servers) {
      tell(`${kind.title}: ${name} at a fixed rate`);
      const capacity = name === DJANGO ? medianOf(rates, name) : slowest;
      const took = await latencies(
        server.port,
        await signedRequests(keys, Math.round(capacity * 2), '/'),
        capacity / 2,
      );
      took.sort((one, other) => one - other);
      const own = medianOf(cpu, name);
      const plain = cpu.get(`${name.split('/')[0]}/plain`);
      rows.push({
        name,
        cpu: own,
        ofBound: plain && !name.endsWith('/plain') ? (median(plain) + verify) / own : undefined,
        rate: medianOf(rates, name),
        p50: took[took.length >> 1] as number,
        p99: took[Math.floor(took.length * 0.99)] as number,
        rss: megabytes(server.child.pid as number),
      });
    }
    return { verify, rows };
  } finally {
    for (const { child } of servers.values()) child.kill();
    await redis.stop();
    await rm(folder, { recursive: true });
  }
}

/** Returns the CPU time in microseconds. */
async function bareVerification({ hash }: Kind, folder: string): Promise<number> {
  const [command = '', ...rest] = [
    ...PINNED,
    process.execPath,
    resolve('bench/http/bare-verify.ts'),
    String(hash),
    folder,
  ];
  return Number((await promisify(execFile)(command, rest)).stdout);
}
