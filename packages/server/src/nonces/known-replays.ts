/** Remembers replays, so that the nonce store is asked about each of them once. */
import type { NonceClaim, NonceStore } from 'asymmetric-jwt-auth';
import { setNewest } from '../set-newest.ts';

/** Remembered replays. A new one replaces the one that was seen least recently. */
const MAX_REPLAYS = 4096;

/** Wraps a nonce store. A used nonce stays used, so a token that is replayed thousands of times a second costs the store nothing. */
export function knownReplays(store: NonceStore, maxReplays = MAX_REPLAYS): NonceStore {
  /** By when they were last seen, the oldest first. */
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

/** No two nonces have the same name. */
function nameOf({ username, time, nonce }: NonceClaim): string {
  return JSON.stringify([username, time, nonce]);
}
