/** Reads the options of an authenticator. */
import { checkKeyStore, checkNonceStore } from '../core/arguments.ts';
import { type BindMember, refuseUnknownMembers } from '../core/bind.ts';
import type { BindingPolicy } from '../core/check-binding.ts';
import type { KeyStore, NonceStore } from '../core/contracts.ts';
import type { Ed25519Verify } from '../core/ed25519.ts';
import {
  checkOptions,
  clockOption,
  DEFAULT_TOLERANCE,
  MAX_TOLERANCE,
  numberOption,
  type OptionKinds,
} from '../core/options.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import type { AuthenticationEvent } from './event.ts';

/** The options of `createAuthenticator`. */
export interface AuthenticatorOptions<User> {
  readonly keys: KeyStore<User>;
  readonly nonces: NonceStore;
  /** Maximum difference, in seconds, between the `time` claim and the server's clock. From 1 to 600; default: 20. */
  readonly tolerance?: number;
  /** The values of `bind.aud` and `aud` that this server accepts, compared exactly. Default: none. */
  readonly audience?: string | readonly string[];
  /** Members of `bind` that every token must have. Default: none. `aud` requires the option `audience`. */
  readonly require?: readonly BindMember[];
  /** Maps the raw request-target to the one that callers sign, if a proxy rewrites paths. */
  readonly externalTarget?: (raw: string) => string;
  /** The scheme of the `Authorization` header. Default: `JWT`. */
  readonly scheme?: string;
  /** The realm of the challenge. Default: `api`. */
  readonly realm?: string;
  /**
   * Verifies Ed25519 signatures in place of `node:crypto`. `sodiumEd25519()` of `asymmetric-jwt-auth/sodium` takes half the time. If the
   * function throws, the request is refused as `unavailable`. Only `true` counts as valid.
   */
  readonly ed25519?: Ed25519Verify | undefined;
  /** Returns the current time in seconds since the epoch. Default: the wall clock. */
  readonly now?: () => number;
  /**
   * Called after every decision, with the internal reason and the request. Strings in the request are not escaped, and its `authorization`
   * must not be logged. If the hook throws, the request is refused as `unavailable`, and the hook is called again. If the hook returns a
   * promise, it is not awaited. In the mode `stream`, it is called a second time if the body turns out not to be the one that was signed.
   */
  readonly onResult?: (event: AuthenticationEvent, request: AuthenticationRequest) => void;
}

const OPTIONS: OptionKinds<AuthenticatorOptions<unknown>> = {
  keys: 'any',
  nonces: 'any',
  tolerance: 'any',
  audience: 'any',
  require: 'array',
  externalTarget: 'function',
  scheme: 'any',
  realm: 'any',
  ed25519: 'function',
  now: 'function',
  onResult: 'function',
};

/** Checks the options, and fills in the defaults. @throws TypeError for an option that is unknown or out of range; the message names it */
export function readOptions<User>(options: AuthenticatorOptions<User>) {
  checkOptions(options, OPTIONS);
  const { keys, nonces, scheme = 'JWT', realm = 'api', ed25519, onResult } = options;
  checkKeyStore('option keys', keys);
  checkNonceStore('option nonces', nonces);
  const now = clockOption(options.now);

  const tolerance = numberOption('tolerance', options.tolerance, DEFAULT_TOLERANCE, 1, MAX_TOLERANCE, 'seconds');
  if (!(tolerance <= nonces.tolerance)) {
    throw new TypeError(
      `option tolerance: ${tolerance} s is more than the ${nonces.tolerance} s for which the nonce store keeps records; pass the same value to both`,
    );
  }
  return { keys, nonces, scheme, realm, ed25519, now, onResult, tolerance, policy: readPolicy(options) };
}

function readPolicy<User>(options: AuthenticatorOptions<User>): BindingPolicy {
  const { audience = [], require = [], externalTarget } = options;
  const audiences = typeof audience === 'string' ? [audience] : [...audience];
  if (audiences.some((one) => typeof one !== 'string' || one === '')) {
    throw new TypeError('option audience: must be a non-empty string, or an array of them');
  }
  refuseUnknownMembers(require);
  if (require.includes('aud') && audiences.length === 0) {
    throw new TypeError("option require: 'aud' needs the option audience");
  }
  return { audience: audiences, require: [...require], externalTarget };
}
