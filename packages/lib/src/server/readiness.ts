/** Whether a signed request would be decided now: what load balancers and orchestrators ask, as often as they like. */
import type { KeyStore, NonceStore, Readiness } from '../core/contracts.ts';
import { inTime } from '../core/in-time.ts';

/** Seconds for which what was found out counts. */
const STANDS = 1;
/** Milliseconds for the key store to answer: fewer than the second after which Kubernetes gives up a probe. */
const PATIENCE = 900;
/** Seconds after which a look that has not ended is given up, and another one begins. */
const ABANDONED = 10;

/**
 * Makes the function behind `authenticator.readiness()`. However often it is called, the key store is asked once at a time, and once a
 * second at most.
 *
 * @param now - seconds since the epoch
 * @param monotonic - seconds that only ever go forward
 */
export function readinessProbe(
  keys: KeyStore<unknown>,
  nonces: NonceStore,
  now: () => number,
  monotonic: () => number = () => performance.now() / 1000,
): () => Promise<Readiness> {
  let known: { readonly state: Readiness; readonly at: number } | undefined;
  let looking: { readonly state: Promise<Readiness>; readonly at: number } | undefined;

  async function look(): Promise<Readiness> {
    try {
      return (await keys.readiness?.()) ?? READY;
    } catch (error) {
      return { ready: false, reason: `the key store cannot be read: ${messageOf(error)}` };
    }
  }

  function begin(at: number): Promise<Readiness> {
    const mine = { state: look(), at };
    looking = mine;
    void mine.state.then((state) => {
      if (looking !== mine) return;
      looking = undefined;
      known = { state, at };
    });
    return mine.state;
  }

  return async () => {
    try {
      const ofNonces = nonces.readiness(now());
      if (!ofNonces.ready || keys.readiness === undefined) return ofNonces;
      const at = monotonic();
      if (known !== undefined && at - known.at < STANDS) return known.state;
      const state = looking !== undefined && at - looking.at < ABANDONED ? looking.state : begin(at);
      return await inTime(state, PATIENCE, 'the key store');
    } catch (error) {
      return { ready: false, reason: messageOf(error) };
    }
  };
}

const READY: Readiness = { ready: true };

/** Where every address of a host refuses, the messages are inside. */
function messageOf(error: unknown): string {
  const { message, code, errors } = (error ?? {}) as { message?: string; code?: string; errors?: readonly unknown[] };
  if (errors?.[0] !== undefined) return messageOf(errors[0]);
  return message || code || 'it failed without a message';
}
