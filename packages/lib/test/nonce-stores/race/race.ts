/** Lets three processes claim the same nonces of one store at the same time, and counts the outcomes. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RaceOutcomes } from 'asymmetric-jwt-auth/testing';
import type { Address } from './address.ts';
import type { Batch, BatchResult } from './claimer.ts';

/** The settings of a race. */
export interface RaceSetup {
  readonly nonces: number;
  /** How often each process claims each nonce. */
  readonly times: readonly [number, number, number];
  readonly users: number;
  /** Claimed time of a batch, in seconds since the epoch. */
  readonly time: () => number;
  /** Called after each batch with the number of nonces claimed so far. */
  readonly onProgress?: (done: number) => void;
}

/** The result of a race. */
export interface RaceResult {
  readonly claims: number;
  readonly byProcess: readonly RaceOutcomes[];
  /** Nonces that were accepted more than once: there must be none. */
  readonly twice: readonly number[];
  /** Nonces that were never accepted. */
  readonly never: readonly number[];
  /** Any other outcomes, and how often each occurred. */
  readonly others: ReadonlyMap<string, number>;
  readonly seconds: number;
}

/** The number of nonces in a batch; each process waits for the others before the next batch. */
const BATCH = 100;

const CLAIMER = fileURLToPath(new URL('claimer.ts', import.meta.url));

/** Returns how often an outcome occurred in all processes. */
export function total({ byProcess }: RaceResult, outcome: 'claimed' | 'replayed'): number {
  return byProcess.reduce((sum, outcomes) => sum + (outcomes[outcome] ?? 0), 0);
}

/** Runs a race between three processes. */
export async function race(address: Address, setup: RaceSetup): Promise<RaceResult> {
  const { nonces, times, users, time, onProgress } = setup;
  const claimers = times.map(() => fork(CLAIMER, [JSON.stringify(address)], { execArgv: ['--conditions=source'] }));
  try {
    await Promise.all(claimers.map(nextMessage));
    const given = new Uint8Array(nonces);
    const byProcess = times.map(() => ({ claimed: 0, replayed: 0, unavailable: 0 }));
    const others = new Map<string, number>();
    const start = performance.now();
    for (let from = 0; from < nonces; from += BATCH) {
      const batch = { time: time(), from, to: Math.min(from + BATCH, nonces), users };
      const results = await Promise.all(
        claimers.map((claimer, index) => {
          // The processes take turns at making the extra claims, so that none is always first.
          const turn = (index + from / BATCH) % times.length;
          return ask(claimer, { ...batch, times: times[turn] as number });
        }),
      );
      for (const [index, result] of results.entries()) {
        for (const nonce of result.claimed) given[nonce] = (given[nonce] as number) + 1;
        const sums = byProcess[index] as (typeof byProcess)[number];
        sums.claimed += result.claimed.length;
        sums.replayed += result.replayed;
        sums.unavailable += result.others.length;
        for (const other of result.others) others.set(other, (others.get(other) ?? 0) + 1);
      }
      onProgress?.(batch.to);
    }
    const seconds = (performance.now() - start) / 1000;
    const where = (holds: (times: number) => boolean) =>
      [...given.keys()].filter((nonce) => holds(given[nonce] as number));
    const claims = nonces * times.reduce((sum, one) => sum + one, 0);
    return { claims, byProcess, twice: where((n) => n > 1), never: where((n) => n === 0), others, seconds };
  } finally {
    for (const claimer of claimers) claimer.kill();
  }
}

function ask(claimer: ChildProcess, batch: Batch): Promise<BatchResult> {
  claimer.send(batch);
  return nextMessage(claimer) as Promise<BatchResult>;
}

async function nextMessage(claimer: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  const { signal } = stop;
  const end = once(claimer, 'exit', { signal }).then(([code]) => {
    throw new Error(`a claiming process exited with ${code}`);
  });
  try {
    const [message] = (await Promise.race([once(claimer, 'message', { signal }), end])) as [unknown];
    return message;
  } finally {
    end.catch(() => {});
    stop.abort();
  }
}
