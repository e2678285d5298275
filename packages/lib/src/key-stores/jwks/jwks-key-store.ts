/** Finds the keys of users in JWK sets that they publish themselves. */
import { checkArgument } from '../../core/arguments.ts';
import { type BindMember, refuseUnknownMembers } from '../../core/bind.ts';
import type { KeyStore, MaybePromise } from '../../core/contracts.ts';
import { hintedStore } from '../../core/hinted.ts';
import { andThen } from '../../core/maybe-promise.ts';
import { checkMembers, checkOptions, type OptionKinds } from '../../core/options.ts';
import { JWKS_CLIENT_OPTIONS, type JwksClientOptions, jwksClient } from '../../jwks/jwks-client.ts';
import { parseJwksUrl } from '../../jwks/url.ts';

/** A user and the URLs of its JWK sets. */
export interface JwksUser<User> {
  /** URLs of JWK sets; the user may sign with the keys of all of them. */
  readonly urls: readonly string[];
  /** Your own object for this user, returned as `result.user`; the default is the username. */
  readonly user?: User;
  readonly disabled?: boolean | null;
  /** Members that the `bind` claim of this user's tokens must have. */
  readonly require?: readonly BindMember[] | null;
}

/** One URL, several URLs, or an object that also describes the user. */
export type JwksTrust<User> = string | readonly string[] | JwksUser<User>;

/** Options of {@link jwksKeyStore}. */
export interface JwksKeyStoreOptions<User> extends JwksClientOptions {
  /** The users by username. An object is read only once. A function is called for each request, so changes take effect immediately. */
  readonly users:
    | Readonly<Record<string, JwksTrust<User>>>
    | ((username: string) => MaybePromise<JwksTrust<User> | undefined | null>);
}

/**
 * Creates a key store over JWK sets (RFC 7517 §5). A token must name its key by a `kid` of the set; a token without a `kid` is tried with
 * up to four keys. Do not wrap the store in `cachedKeyStore()`: it caches sets itself, and its results depend on the hint.
 *
 * @param options - {@link JwksKeyStoreOptions}
 * @returns a store whose `find` rejects with UnavailableError if no key matches and a set cannot be fetched
 * @throws TypeError for an option that is unknown or out of range, and if `users` is an object with a URL that is not https
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { jwksKeyStore } from 'asymmetric-jwt-auth/jwks';
 *
 * const keys = jwksKeyStore({ users: { acme: 'https://acme.example/.well-known/jwks.json' } });
 * const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
 * ```
 */
export function jwksKeyStore<User = string>(options: JwksKeyStoreOptions<User>): KeyStore<User> {
  checkOptions(options, { ...JWKS_CLIENT_OPTIONS, users: 'any' });
  const { users, ...others } = options;
  const client = jwksClient(others);
  const trustOf = typeof users === 'function' ? users : readUsers(users);

  return hintedStore({
    find(username, hint) {
      return andThen(trustOf(username), (known) => {
        if (known === undefined || known === null) return undefined;
        const { urls, disabled, require, user = username as User } = fully(known);
        const record = { username, user, disabled: disabled ?? false, require };
        // No set is fetched for a disabled user, who is refused anyway.
        return andThen(record.disabled ? [] : client.jwksKeys(urls, hint), (keys) => ({ ...record, keys }));
      });
    },
  });
}

function fully<User>(trust: JwksTrust<User>): JwksUser<User> {
  if (typeof trust === 'string') return { urls: [trust] };
  return 'urls' in trust ? trust : { urls: trust };
}

const TRUST: OptionKinds<JwksUser<unknown>> = { urls: 'array', user: 'any', disabled: 'boolean', require: 'array' };

/** @throws TypeError */
function checkTrust(name: string, trust: unknown): void {
  if (typeof trust === 'string' || Array.isArray(trust)) return;
  checkArgument(typeof trust === 'object' && trust !== null, name, 'a URL, an array of URLs, or an object', trust);
  checkMembers(name, trust as JwksUser<unknown>, TRUST, ['urls']);
  refuseUnknownMembers((trust as JwksUser<unknown>).require ?? []);
}

function readUsers<User>(users: Readonly<Record<string, JwksTrust<User>>>) {
  const is =
    typeof users === 'object' && users !== null && [Object.prototype, null].includes(Object.getPrototypeOf(users));
  checkArgument(is, 'option users', 'an object with a URL for each username, or a function', users);
  const known = new Map(Object.entries(users));
  for (const [username, trust] of known) {
    const of = `option users: user ${JSON.stringify(username)}`;
    checkTrust(of, trust);
    for (const url of fully(trust).urls) {
      try {
        parseJwksUrl(url);
      } catch (error) {
        throw new TypeError(`${of}: ${(error as Error).message}`);
      }
    }
  }
  return (username: string) => known.get(username);
}
