/** Compares the memory nonce store with a plain `Set`, under a steady stream of claims and with a simulated clock. */
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryNonceStore } from 'asymmetric-jwt-auth';

const USERS = 1000;
/** Number of nonces that are made at a time, untimed. It divides the claims of a second, so that all seconds are equal. */
const BATCH = 5000;
/** Number of claims that are timed together. The longest pause is the time of the slowest group. */
const GROUP = 100;
/** Sum of the tolerance and clock margin of the store, in seconds. A nonce is held for about this time. */
const HELD_SECONDS = 40;
/** Number of claims in the steady state, divided by the number of held nonces. */
const MORE = 0.25;
const BIRTH = 1_700_000_000;

const usernames = Array.from({ length: USERS }, (_, index) => `user${index}`);

/** Results for a nonce store. */
export interface NonceRow {
  readonly name: string;
  /** Number of nonces that the store holds. */
  readonly live: number;
  /** CPU time for one claim, in microseconds. */
  readonly micros: number;
  /** Bytes for one nonce: growth of array buffers and used heap, and growth of the whole process with garbage of the benchmark. */
  readonly bytes: { readonly own: number; readonly process: number };
  /** Longest time of a group of claims, in milliseconds, while the store fills and in the steady state. */
  readonly pause: { readonly filling: number; readonly steady: number };
}

export async function benchNonces(): Promise<readonly NonceRow[]> {
  // Small stores come first, because memory that a large store frees would hide the allocations of the next one.
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
    // At this rate, the store holds `live` nonces in the steady state.
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
      // Other work on the machine lengthens wall-clock time, and CPU time is measured in whole milliseconds, so use the smaller one.
      figures.pause = Math.max(figures.pause, Math.min(performance.now() - began, (user + system) / 1000));
    }
  }
  const after = await weigh();
  // This claim keeps the store from being collected before its size is measured.
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

/** Returns the memory of the process without garbage, in bytes. */
async function weigh(): Promise<NodeJS.MemoryUsage> {
  for (let time = 0; time < 3; time++) {
    collectGarbage();
    await setImmediate();
  }
  return process.memoryUsage();
}
