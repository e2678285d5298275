/** Measures pauses in claims of the memory store, and in equally long other work: pauses in the other work come from the machine. */
import { memoryNonceStore } from 'asymmetric-jwt-auth';

/** Number of claims that are timed together, so that reading the clock takes little of the time. */
const GROUP = 10;
/** Sum of the tolerance and clock margin of the store, in seconds. A nonce is held for about this time. */
const HELD_SECONDS = 40;
const BIRTH = 1_700_000_000;

/** Numbers of held nonces, and of their users. */
export const PAUSES = [
  [1_000_000, 1000],
  [1_000_000, 300_000],
  [10_000_000, 1000],
] as const;

/** Times of groups of claims, in milliseconds. */
export interface PauseRow {
  readonly name: string;
  readonly median: number;
  readonly permille: number;
  readonly longest: number;
  /** Number of groups that took more than 5 ms. */
  readonly over: number;
}

/** Fills a store, and then replaces half of its nonces. @param live - number of held nonces */
export function benchPauses(live: number, userCount: number): PauseRow[] {
  const store = memoryNonceStore({ maxNonces: 2 * live, maxClaimsPerSecond: 1e6, now: () => BIRTH });
  const users = Array.from({ length: userCount }, (_, index) => `user${index}`);
  // One object and small numbers as nonces, so that the benchmark itself makes no garbage.
  const claim = { username: '', time: 0, nonce: 0 };
  const groups = Math.floor((1.5 * live) / GROUP);
  const [claims, nothing] = [new Float64Array(groups), new Float64Array(groups)];
  let rounds = 100;
  let sink = 1;
  for (let group = 0; group < groups; group++) {
    claim.time = BIRTH + Math.floor((group * GROUP * HELD_SECONDS) / live);
    const began = performance.now();
    for (let index = 0; index < GROUP; index++) {
      claim.nonce = group * GROUP + index;
      claim.username = users[claim.nonce % userCount] as string;
      if (store.claim(claim, claim.time) !== 'claimed') throw new Error('not claimed');
    }
    const between = performance.now();
    for (let round = 0; round < rounds; round++) sink = Math.imul(sink, 0x01000193) ^ round;
    const ended = performance.now();
    claims[group] = between - began;
    nothing[group] = ended - between;
    // Adjust the amount of other work until it takes as long as the claims.
    if (group % 64 === 0) rounds += ended - between < between - began ? 16 : -16;
    if (rounds < 16) rounds = 16;
  }
  if (sink === 0) throw new Error('unreachable');
  return [rowOf('memoryNonceStore()', claims), rowOf('equally long other work', nothing)];
}

function rowOf(name: string, times: Float64Array): PauseRow {
  times.sort();
  const at = (part: number) => times[Math.floor(part * (times.length - 1))] as number;
  const over = times.length - times.findIndex((time) => time > 5);
  return { name, median: at(0.5), permille: at(0.999), longest: at(1), over: at(1) > 5 ? over : 0 };
}
