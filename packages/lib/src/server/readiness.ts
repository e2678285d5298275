/** Checks whether requests can be authenticated now, for load balancers and orchestrators. */
import type { KeyStore, NonceStore, Readiness } from '../core/contracts.ts';
import { inTime } from '../core/in-time.ts';

/** How long a result is reused, in seconds. */
const STANDS = 1;
/** How long to wait for the key store, in milliseconds. By default, a Kubernetes probe times out after one second. */
const PATIENCE = 900;
/** How long to wait for a pending query before starting another one, in seconds. */
const ABANDONED = 10;

/**
 * Makes `authenticator.readiness()`. However often it is called, it queries the key store at most once a second. It starts a query only
 * after the previous one has ended or has taken 10 seconds.
 *
 * @param now - returns seconds since the epoch
 * @param monotonic - returns seconds of a clock that is never set back
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

/** Returns the message of an error. If every address of a host refuses the connection, the messages are in `errors`. */
function messageOf(error: unknown): string {
  const { message, code, errors } = (error ?? {}) as { message?: string; code?: string; errors?: readonly unknown[] };
  if (errors?.[0] !== undefined) return messageOf(errors[0]);
  return message || code || 'the error has no message';
}
