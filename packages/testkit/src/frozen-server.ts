/** An authenticator with a fixed clock, whose nonce store counts its calls. */
import {
  type AuthenticationResult,
  createAuthenticator,
  type MemoryKeyStore,
  memoryKeyStore,
  memoryNonceStore,
} from '../../lib/src/index.ts';
import { freshNonce } from './fixtures.ts';

export { freshNonce, publicKeyOf } from './fixtures.ts';

/** The time of the fixed clock, in seconds since the epoch. */
export const NOW = 1_700_000_000;

export interface FrozenServer {
  readonly keys: MemoryKeyStore<string>;
  /** Authenticates a request with `Authorization: JWT <token>`. */
  authenticate(token: string): Promise<AuthenticationResult<string>>;
  /** Returns `accepted` or the reason, and checks that refusals in steps 2 to 6 did not call the nonce store. */
  judge(token: string): Promise<string>;
}

export function frozenServer(): FrozenServer {
  const keys = memoryKeyStore({ now: () => NOW });
  // The store is created a minute before NOW, so that its floor is below all times that are accepted.
  const store = memoryNonceStore({ now: () => NOW - 60 });
  let asked = 0;
  const nonces = {
    ...store,
    claim(...args: Parameters<typeof store.claim>) {
      asked += 1;
      return store.claim(...args);
    },
  };
  const { authenticate } = createAuthenticator({ keys, nonces, now: () => NOW });
  const decide = (token: string) => authenticate({ authorization: `JWT ${token}` });
  return {
    keys,
    authenticate: decide,
    async judge(token) {
      const before = asked;
      const said = verdict(await decide(token));
      const expected = ['accepted', 'replayed', 'forgotten'].includes(said) ? 1 : 0;
      if (asked - before !== expected)
        throw new Error(`${said}, but the nonce store was called ${asked - before} times`);
      return said;
    },
  };
}

/** Returns `accepted`, or the reason and its detail, if any: `malformed time`. */
function verdict(result: AuthenticationResult<unknown>): string {
  if (result.ok) return 'accepted';
  return result.detail === undefined ? result.reason : `${result.reason} ${result.detail}`;
}

/** Returns a valid payload as a JSON string. */
export function goodPayload(username = 'alice', nonce: string | number = freshNonce()): string {
  return JSON.stringify({ username, time: NOW, nonce });
}
