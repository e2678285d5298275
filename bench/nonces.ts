/** The memory nonce store under a steady stream of claims, on a clock that the benchmark drives, beside a plain `Set`. */
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryNonceStore } from 'asymmetric-jwt-auth';

const USERS = 1000;
/** Nonces made at a time, untimed; a divisor of a second's claims, so that seconds are alike. */
const BATCH = 5000;
/** Claims timed at a time: the longest pause is that of the worst such group. */
const GROUP = 100;
/** Tolerance and margin of the store: a nonce is held for about their sum. */
const HELD_SECONDS = 40;
/** How much of the number held is claimed again for the figures of the steady state. */
const MORE = 0.25;
const BIRTH = 1_700_000_000;

const usernames = Array.from({ length: USERS }, (_, index) => `user${index}`);

/** How a store of nonces did. */
export interface NonceRow {
  readonly name: string;
  /** Nonces held while it was measured. */
  readonly live: number;
  /** Processor time for one claim. */
  readonly micros: number;
  /** Growth of the array buffers and of the heap in use; and of the whole process, the garbage of the benchmark included. */
  readonly bytes: { readonly own: number; readonly process: number };
  /** Longest time of a group of claims, in milliseconds: while it fills, and in its steady state. */
  readonly pause: { readonly filling: number; readonly steady: number };
}

export async function benchNonces(): Promise<readonly NonceRow[]> {
  // The small before the large, as memory that one gives back would hide what the next one takes.
  return [
    await measure('a Set of strings that never forgets', 1_000_000, makeSet),
    await measure('memoryNonceStore()', 1_000_000, makeStore),
    await measure('memoryNonceStore()', 10_000_000, makeStore),
  ];
}

function makeSet(): Claim {
  const seen = new Set<string>();
  return (username, time, nonce) => seen.size < seen.add(`${username} ${time} ${nonce}`).size;
}

function makeStore(live: number): Claim {
  const store = memoryNonceStore({ maxNonces: 2 * live, maxClaimsPerSecond: 1e6, now: () => BIRTH });
  return (username, time, nonce) => store.claim({ username, time, nonce }, time) === 'claimed';
}

type Claim = (username: string, time: number, nonce: string) => boolean;

async function measure(name: string, live: number, make: (live: number) => Claim): Promise<NonceRow> {
  const before = await weigh();
  const claim = make(live);
  const filling = { micros: 0, pause: 0 };
  const steady = { micros: 0, pause: 0 };
  const steadyClaims = Math.ceil((MORE * live) / BATCH) * BATCH;
  for (let done = 0; done < live + steadyClaims; done += BATCH) {
    const figures = done < live ? filling : steady;
    // As many claims a second as make `live` in the seconds for which they are held.
    const time = BIRTH + Math.floor((done * HELD_SECONDS) / live);
    const random = randomBytes(16 * BATCH);
    const nonces = Array.from({ length: BATCH }, (_, index) =>
      random.toString('base64url', 16 * index, 16 * index + 16),
    );
    for (let from = 0; from < BATCH; from += GROUP) {
      const began = performance.now();
      const start = process.threadCpuUsage();
      for (let index = from; index < from + GROUP; index++) {
        if (!claim(usernames[index % USERS] as string, time, nonces[index] as string))
          throw new Error(`${name}: not claimed`);
      }
      const { user, system } = process.threadCpuUsage(start);
      figures.micros += user + system;
      // Other work on the machine makes the wall clock's time too long; the processor's comes in ticks of milliseconds.
      figures.pause = Math.max(figures.pause, Math.min(performance.now() - began, (user + system) / 1000));
    }
  }
  const after = await weigh();
  // One more, so that the store lives until it was weighed.
  claim('user0', BIRTH, 'last');
  const grown = (part: keyof NodeJS.MemoryUsage) => (after[part] - before[part]) / live;
  return {
    name,
    live,
    micros: steady.micros / steadyClaims,
    bytes: { own: grown('heapUsed') + grown('arrayBuffers'), process: grown('rss') },
    pause: { filling: filling.pause, steady: steady.pause },
  };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What the process takes, without its garbage. */
async function weigh(): Promise<NodeJS.MemoryUsage> {
  for (let time = 0; time < 3; time++) {
    collectGarbage();
    await setImmediate();
  }
  return process.memoryUsage();
}
