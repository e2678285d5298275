/** An authenticator whose clock stands still, and whose nonce store counts how often it was asked. */
import {
  type AuthenticationResult,
  createAuthenticator,
  type MemoryKeyStore,
  memoryKeyStore,
  memoryNonceStore,
} from '../../lib/src/index.ts';
import { freshNonce } from './fixtures.ts';

export { freshNonce, publicKeyOf } from './fixtures.ts';

/** Seconds since the epoch at which the clock of these tests stands. */
export const NOW = 1_700_000_000;

export interface FrozenServer {
  readonly keys: MemoryKeyStore<string>;
  /** Decides about `Authorization: JWT <token>`. */
  authenticate(token: string): Promise<AuthenticationResult<string>>;
  /** Says `accepted`, or why not, and checks that no refusal of steps 2 to 6 asked the nonce store. */
  judge(token: string): Promise<string>;
}

export function frozenServer(): FrozenServer {
  const keys = memoryKeyStore(() => NOW);
  // Born a minute ago, so that its floor lies below the whole window.
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
        throw new Error(`${said}, but the nonce store was asked ${asked - before} times`);
      return said;
    },
  };
}

/** `accepted`, or the reason, with the detail behind it where there is one: `malformed time`. */
function verdict(result: AuthenticationResult<unknown>): string {
  if (result.ok) return 'accepted';
  return result.detail === undefined ? result.reason : `${result.reason} ${result.detail}`;
}

/** The text of a good payload. */
export function goodPayload(username = 'alice', nonce: string | number = freshNonce()): string {
  return JSON.stringify({ username, time: NOW, nonce });
}
