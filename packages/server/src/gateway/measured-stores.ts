/** Measures how long a request's lookup and claim take. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isPromise } from 'ajwt-cli-kit';
import type {
  AuthenticationRequest,
  AuthenticationResult,
  Authenticator,
  ClaimOutcome,
  KeyStore,
  NonceStore,
  UserRecord,
} from 'asymmetric-jwt-auth';
import type { Exchange } from './exchange.ts';

/** The exchange of the request that this turn of the event loop authenticates now. */
let present: Exchange | undefined;
/** The exchange of the request that continues after a lookup that took time. Most lookups are cached and need no such context. */
const later = new AsyncLocalStorage<Exchange | undefined>();

const currentExchange = () => present ?? later.getStore();

/** Authenticates a request, and records the durations of the parts in its exchange. Pass the exchange as the request's context too. */
export async function authenticateMeasured<User>(
  auth: Authenticator<User>,
  exchange: Exchange,
  request: AuthenticationRequest,
): Promise<AuthenticationResult<User>> {
  const start = performance.now();
  present = exchange;
  const decision = auth.authenticate(request);
  present = undefined;
  // Only the continuation of this decision may see the exchange.
  if (later.getStore() !== undefined) later.enterWith(undefined);
  const result = await decision;
  exchange.verify = Math.max(0, performance.now() - start - exchange.lookup - exchange.claim);
  return result;
}

/** Wraps a key store. */
export function measuredKeys<User>(store: KeyStore<User>): KeyStore<User> {
  return {
    recordUse: (key, at) => store.recordUse?.(key, at),
    readiness: () => store.readiness?.() ?? { ready: true },
    find(username, hint) {
      const exchange = currentExchange();
      if (exchange === undefined) return store.find(username, hint);
      const start = performance.now();
      const done = (record: UserRecord<User> | undefined | null) => {
        exchange.lookup = performance.now() - start;
        if (record) exchange.keys = record.keys;
        return record;
      };
      const failed = (error: unknown): never => {
        exchange.lookup = performance.now() - start;
        throw error;
      };
      try {
        const found = store.find(username, hint);
        if (!isPromise(found)) return done(found);
        later.enterWith(exchange);
        return found.then(done, failed);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** Wraps a nonce store. @param claimed - called with the claimed time of the token of each nonce that was claimed */
export function measuredNonces(store: NonceStore, claimed?: (time: number) => void): NonceStore {
  return {
    tolerance: store.tolerance,
    open: (now) => store.open(now),
    readiness: (now) => store.readiness(now),
    claim(nonce, now) {
      const exchange = currentExchange();
      if (exchange === undefined) return store.claim(nonce, now);
      const start = performance.now();
      const done = (outcome: ClaimOutcome) => {
        exchange.claim = performance.now() - start;
        if (outcome === 'claimed') claimed?.(nonce.time);
        return outcome;
      };
      const failed = (error: unknown): never => {
        exchange.claim = performance.now() - start;
        throw error;
      };
      try {
        const outcome = store.claim(nonce, now);
        return isPromise(outcome) ? outcome.then(done, failed) : done(outcome);
      } catch (error) {
        return failed(error);
      }
    },
    close: () => store.close?.(),
  };
}
