/** Users whose keys are published elsewhere: each is trusted by the URLs of its JWK sets. */
import { checkArgument } from '../../core/arguments.ts';
import { type BindMember, refuseUnknownMembers } from '../../core/bind.ts';
import type { KeyStore, MaybePromise } from '../../core/contracts.ts';
import { hintedStore } from '../../core/hinted.ts';
import { andThen } from '../../core/maybe-promise.ts';
import { checkMembers, checkOptions, type OptionKinds } from '../../core/options.ts';
import { JWKS_CLIENT_OPTIONS, type JwksClientOptions, jwksClient } from '../../jwks/jwks-client.ts';
import { parseJwksUrl } from '../../jwks/url.ts';

/** What is known of a user beside the keys. */
export interface JwksUser<User> {
  /** Where its keys are published; all of them count. */
  readonly urls: readonly string[];
  /** The application's own object, handed back as `result.user`; default the username. */
  readonly user?: User;
  readonly disabled?: boolean | null;
  /** Members of `bind` that this user's tokens must carry. */
  readonly require?: readonly BindMember[] | null;
}

/** A URL, several, or more about the user. */
export type JwksTrust<User> = string | readonly string[] | JwksUser<User>;

/** Who is trusted by what, and how sets are fetched. */
export interface JwksKeyStoreOptions<User> extends JwksClientOptions {
  /** By username, in an object that is read once, or in a function that is asked for each request: then a change counts at once. */
  readonly users:
    | Readonly<Record<string, JwksTrust<User>>>
    | ((username: string) => MaybePromise<JwksTrust<User> | undefined | null>);
}

/**
 * Makes a key store on JWK sets (RFC 7517 §5). It keeps sets by itself, and depends on the hint: do not wrap it in `cachedKeyStore()`. A token
 * must name its key by a `kid` that the set has; one without a `kid` is tried with up to four keys.
 *
 * @param options - {@link JwksKeyStoreOptions}
 * @returns a store whose `find` ends with UnavailableError where nobody can tell, as a set cannot be had
 * @throws TypeError for an option that is unknown or out of its range, and for a URL in an object that is not https
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
        // Who is not let in anyway causes no fetch.
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
  checkArgument(typeof trust === 'object' && trust !== null, name, 'a URL, several in an array, or an object', trust);
  checkMembers(name, trust as JwksUser<unknown>, TRUST, ['urls']);
  refuseUnknownMembers((trust as JwksUser<unknown>).require ?? []);
}

function readUsers<User>(users: Readonly<Record<string, JwksTrust<User>>>) {
  const is =
    typeof users === 'object' && users !== null && [Object.prototype, null].includes(Object.getPrototypeOf(users));
  checkArgument(is, 'option users', 'an object of usernames and URLs, or a function', users);
  const known = new Map(Object.entries(users));
  for (const [username, trust] of known) {
    const of = `option users: of ${JSON.stringify(username)}`;
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
