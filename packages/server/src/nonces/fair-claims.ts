/** Claims under way at the nonce store, and those that wait: users take turns, so that no user's flood delays the others. */
import { type NonceStore, UnavailableError } from 'asymmetric-jwt-auth';
import { FairLine } from './fair-line.ts';

export interface ClaimLimits {
  /** Claims that the store is given at a time. */
  readonly atOnce: number;
  /** Claims of one user that may wait. */
  readonly waiting: number;
  /** Milliseconds that a claim may wait. */
  readonly patience: number;
}

/** More at a time only wait inside the store, where users take no turns. */
const LIMITS: ClaimLimits = { atOnce: 16, waiting: 256, patience: 100 };

/** Wraps a nonce store. A claim for which there is no room, or that waits for too long, throws UnavailableError, and was not made. */
export function fairClaims(store: NonceStore, { atOnce, waiting, patience }: ClaimLimits = LIMITS): NonceStore {
  const line = new FairLine<() => void>();
  let underWay = 0;

  function turnOf(username: string): Promise<void> {
    if (line.sizeOf(username) >= waiting) {
      throw new UnavailableError(`${waiting} claims of this user wait for the nonce store`);
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        line.delete(username, begin);
        reject(new UnavailableError(`the claim waited ${patience} ms for the nonce store`));
      }, patience);
      line.add(username, begin);
    });
  }

  /** Hands the place of a claim that is over to the next one. */
  function handOver(): void {
    const begin = line.next();
    if (begin === undefined) underWay -= 1;
    else begin();
  }

  return {
    tolerance: store.tolerance,
    open: (now) => store.open(now),
    readiness: (now) => store.readiness(now),
    async claim(nonce, now) {
      if (underWay < atOnce) underWay += 1;
      else await turnOf(nonce.username);
      try {
        return await store.claim(nonce, now);
      } finally {
        handOver();
      }
    },
  };
}
