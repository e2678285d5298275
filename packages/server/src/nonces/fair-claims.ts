/** Limits the claims in flight at the nonce store. Users take turns, so that the flood of one user does not delay the others. */
import { type NonceStore, UnavailableError } from 'asymmetric-jwt-auth';
import { FairLine } from './fair-line.ts';

export interface ClaimLimits {
  /** Maximum number of claims in flight. */
  readonly maxInFlight: number;
  /** Maximum number of waiting claims of one user. */
  readonly maxWaiting: number;
  /** Maximum milliseconds that a claim waits. */
  readonly maxWaitMs: number;
}

/**
 * A store sends concurrent claims together, so that 128 take little longer than 16, and the claim of another user waits for a few groups at
 * most. More claims in flight would only wait inside the store, where users do not take turns.
 */
const LIMITS: ClaimLimits = { maxInFlight: 128, maxWaiting: 256, maxWaitMs: 100 };

/** Wraps a nonce store. If too many claims of the user wait, or a claim waits too long, it is not made and throws UnavailableError. */
export function fairClaims(
  store: NonceStore,
  { maxInFlight, maxWaiting, maxWaitMs }: ClaimLimits = LIMITS,
): NonceStore {
  const line = new FairLine<() => void>();
  let inFlight = 0;

  function turnOf(username: string): Promise<void> {
    if (line.sizeOf(username) >= maxWaiting) {
      throw new UnavailableError(`${maxWaiting} claims of this user are waiting for the nonce store`);
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        line.delete(username, begin);
        reject(new UnavailableError(`the claim waited ${maxWaitMs} ms for the nonce store`));
      }, maxWaitMs);
      line.add(username, begin);
    });
  }

  /** Starts the next claim when another has finished. */
  function handOver(): void {
    const begin = line.next();
    if (begin === undefined) inFlight -= 1;
    else begin();
  }

  return {
    tolerance: store.tolerance,
    open: (now) => store.open(now),
    readiness: (now) => store.readiness(now),
    async claim(nonce, now) {
      if (inFlight < maxInFlight) inFlight += 1;
      else await turnOf(nonce.username);
      try {
        return await store.claim(nonce, now);
      } finally {
        handOver();
      }
    },
    close: () => store.close?.(),
  };
}
