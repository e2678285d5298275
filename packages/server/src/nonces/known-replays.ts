/** Remembers replays, so that the nonce store handles each of them once. */
import type { NonceClaim, NonceStore } from 'asymmetric-jwt-auth';
import { setNewest } from '../set-newest.ts';

/** Maximum number of remembered replays. A new replay replaces the least recently seen one. */
const MAX_REPLAYS = 4096;

/** Wraps a nonce store. A used nonce stays used, so repeated replays of one token need not reach the store. */
export function knownReplays(store: NonceStore, maxReplays = MAX_REPLAYS): NonceStore {
  /** The least recently seen replay comes first. */
  const replays = new Map<string, true>();

  return {
    tolerance: store.tolerance,
    open: (now) => store.open(now),
    readiness: (now) => store.readiness(now),
    async claim(nonce, now) {
      const name = nameOf(nonce);
      const outcome = replays.has(name) ? 'replayed' : await store.claim(nonce, now);
      if (outcome === 'replayed') setNewest(replays, name, true, maxReplays);
      return outcome;
    },
    close: () => store.close?.(),
  };
}

/** Returns a different name for each nonce. */
function nameOf({ username, time, nonce }: NonceClaim): string {
  return JSON.stringify([username, time, nonce]);
}
