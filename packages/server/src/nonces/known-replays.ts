/** Replays that this process has seen before: the nonce store is asked about each of them once. */
import type { NonceClaim, NonceStore } from 'asymmetric-jwt-auth';

/** Replays that are remembered; of more, the one that was seen least recently is asked about again. */
const MOST = 4096;

/**
 * Wraps a nonce store. A nonce that is spent stays so, so that a spent token that comes thousands of times a second costs the store
 * nothing.
 */
export function knownReplays(store: NonceStore, most = MOST): NonceStore {
  const replays = new Set<string>();

  function remember(replay: string): void {
    replays.delete(replay);
    if (replays.size >= most) replays.delete(replays.values().next().value as string);
    replays.add(replay);
  }

  return {
    tolerance: store.tolerance,
    open: (now) => store.open(now),
    readiness: (now) => store.readiness(now),
    async claim(nonce, now) {
      const name = nameOf(nonce);
      const outcome = replays.has(name) ? 'replayed' : await store.claim(nonce, now);
      if (outcome === 'replayed') remember(name);
      return outcome;
    },
  };
}

/** No two nonces have the same name. */
function nameOf({ username, time, nonce }: NonceClaim): string {
  return JSON.stringify([username, time, nonce]);
}
