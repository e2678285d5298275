/** Fetches and caches the keys that others publish as JWK sets. Users with the same URL share one copy of the set. */
import { BoundedMap } from '../core/bounded-map.ts';
import { type KeyHint, type KeyRecord, type MaybePromise, UnavailableError } from '../core/contracts.ts';
import { callHook } from '../core/maybe-promise.ts';
import { checkOptions, numberOption, type OptionKinds } from '../core/options.ts';
import { type FetchSettings, systemAddresses } from './fetch-set.ts';
import { JwksError } from './jwks-error.ts';
import { readPrivateHosts } from './private-hosts.ts';
import { cachedJwkSet, type SetCache } from './set-cache.ts';
import { parseJwksUrl } from './url.ts';

/** Options for fetching and caching JWK sets. */
export interface JwksClientOptions {
  /** Number of seconds after which a set is fetched again, unless its `Cache-Control` header says otherwise; 30 to 86 400, default 300. */
  readonly refreshAfterSeconds?: number;
  /**
   * Number of seconds for which a set stays valid while its endpoint cannot be reached; from `refreshAfterSeconds` to 604 800, default
   * 3600. It is also the upper limit for the `Cache-Control` of the set. A key that its owner has withdrawn is accepted for at most this
   * time.
   */
  readonly maxAgeSeconds?: number;
  /** Time limit in seconds for a whole exchange, from the DNS lookup to the last byte; 0.05 to 10, default 2. */
  readonly timeoutSeconds?: number;
  /** Hosts that may have private addresses, written as in URLs, without a port. Default: none. */
  readonly privateHosts?: readonly string[];
  /** CA certificates in PEM, instead of the CAs that Node trusts. */
  readonly ca?: string;
  /** Maximum number of cached sets; 1 to 1 000 000, default 10 000. When the cache is full, the least recently used set is dropped. */
  readonly maxUrls?: number;
  /** Called after every failed fetch, and for every skipped key. Its errors are ignored. */
  readonly onProblem?: (problem: JwksError) => void;
  /**
   * Called after every fetch, with its error if it failed, for example to count fetches. Its errors are ignored.
   */
  readonly onFetch?: (problem: JwksError | undefined) => void;
  /** Resolves a host to its addresses; the default is the system's resolver. The client still checks the addresses. */
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  /** Returns the seconds of a clock that never goes back; the default is the process's monotonic clock. */
  readonly monotonic?: () => number;
}

/** The types of all options, which {@link jwksClient} checks. */
export const JWKS_CLIENT_OPTIONS: OptionKinds<JwksClientOptions> = {
  refreshAfterSeconds: 'any',
  maxAgeSeconds: 'any',
  timeoutSeconds: 'any',
  privateHosts: 'array',
  ca: 'text',
  maxUrls: 'any',
  onProblem: 'function',
  onFetch: 'function',
  lookup: 'function',
  monotonic: 'function',
};

/** Finds keys in JWK sets. {@link jwksClient} creates one. */
export interface JwksClient {
  /**
   * Finds the keys that may have signed a token.
   *
   * @param urls - one URL, or all URLs of one user
   * @param hint - the `kid` of the token. It can be the kid in the set, the SHA-256 of the SPKI PEM, or the thumbprint (RFC 7638) of the
   *   key. Without a `kid`, every key matches.
   * @returns the matching keys of all sets; if no key matches, the client first fetches the sets again
   * @throws UnavailableError if no key matches and a set cannot be fetched; its `cause` is a {@link JwksError}
   */
  jwksKeys(urls: string | readonly string[], hint: Pick<KeyHint, 'kid'>): MaybePromise<readonly KeyRecord[]>;
}

/**
 * Creates a client for JWK sets (RFC 7517 §5). It fetches a set again when the set is no longer fresh or does not contain a `kid`, but at
 * most once in 10 seconds.
 *
 * @param options - {@link JwksClientOptions}
 * @returns a client, which fetches each set when it is first needed
 * @throws TypeError for an option that is unknown or out of range; the message names the option
 *
 * @example
 * ```ts no-run: needs a publisher of a JWK set
 * import { jwksClient } from 'asymmetric-jwt-auth/jwks';
 *
 * const client = jwksClient({ maxAgeSeconds: 600, onProblem: ({ message }) => console.warn(message) });
 * const records = await client.jwksKeys('https://acme.example/.well-known/jwks.json', { kid: 'key-1' });
 * console.log(records.map(({ key }) => key.fingerprint)); // [ 'SHA256:…' ]
 * ```
 */
export function jwksClient(options: JwksClientOptions = {}): JwksClient {
  checkOptions(options, JWKS_CLIENT_OPTIONS);
  const { monotonic = () => performance.now() / 1000, onProblem, onFetch } = options;
  const refreshAfter = numberOption('refreshAfterSeconds', options.refreshAfterSeconds, 300, 30, 86_400, 'seconds');
  const maxAge = numberOption(
    'maxAgeSeconds',
    options.maxAgeSeconds,
    Math.max(3600, refreshAfter),
    refreshAfter,
    604_800,
    'seconds',
  );
  const most = numberOption('maxUrls', options.maxUrls, 10_000, 1, 1_000_000);
  const fetching: FetchSettings = {
    timeoutMs: 1000 * numberOption('timeoutSeconds', options.timeoutSeconds, 2, 0.05, 10, 'seconds'),
    privateHosts: readPrivateHosts(options.privateHosts),
    ca: options.ca,
    lookup: options.lookup ?? systemAddresses,
  };

  const report = (problem: JwksError) => callHook(onProblem, problem);
  const fetched = (problem: JwksError | undefined) => callHook(onFetch, problem);

  const sets = new BoundedMap<string, SetCache>(most);
  function setAt(text: string): SetCache {
    let set = sets.get(text);
    if (set === undefined) {
      set = cachedJwkSet(parseJwksUrl(text), { refreshAfter, maxAge, monotonic, fetching, report, fetched });
      sets.set(text, set);
    }
    return set;
  }

  async function refreshAndMatch(all: readonly SetCache[], kid: string | undefined): Promise<readonly KeyRecord[]> {
    await Promise.all(all.map((set) => (set.isFresh() ? undefined : set.refresh())));
    let found = match(all, kid);
    if (found.length === 0 && kid !== undefined) {
      await Promise.all(all.map((set) => set.refresh()));
      found = match(all, kid);
    }
    const cause = all.map((set) => set.problem()).find((one) => one !== undefined);
    if (found.length === 0 && cause !== undefined) throw new UnavailableError(cause.message, { cause });
    return found;
  }

  return {
    jwksKeys(urls, { kid }) {
      try {
        const all = (typeof urls === 'string' ? [urls] : urls).map(setAt);
        const fresh = all.filter((set) => set.isFresh());
        // Without a kid, every key matches, so all sets must be fresh.
        const found = kid === undefined && fresh.length < all.length ? [] : match(fresh, kid);
        return found.length > 0 ? found : refreshAndMatch(all, kid);
      } catch (cause) {
        if (!(cause instanceof JwksError)) throw cause;
        report(cause);
        throw new UnavailableError(cause.message, { cause });
      }
    },
  };
}

function match(sets: readonly SetCache[], kid: string | undefined): readonly KeyRecord[] {
  return sets
    .flatMap((set) => set.keys())
    .filter(
      ({ key, issuerKid: name }) =>
        kid === undefined || kid === name || kid === key.thumbprint || kid.toLowerCase() === key.kid,
    );
}
