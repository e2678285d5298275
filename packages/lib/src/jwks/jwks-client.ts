/** Keys that others publish as JWK sets, kept for a bounded time: every user of a URL shares one copy of its set. */
import { BoundedMap } from '../core/bounded-map.ts';
import { type KeyHint, type KeyRecord, type MaybePromise, UnavailableError } from '../core/contracts.ts';
import { callHook } from '../core/maybe-promise.ts';
import { checkOptions, numberOption, type OptionKinds } from '../core/options.ts';
import { type FetchSettings, systemAddresses } from './fetch-set.ts';
import { JwksError } from './jwks-error.ts';
import { readPrivateHosts } from './private-hosts.ts';
import { cachedSet, type SetCache } from './set-cache.ts';
import { parseJwksUrl } from './url.ts';

/** How JWK sets are fetched, and for how long they are kept. */
export interface JwksClientOptions {
  /** Seconds after which a set is asked for again, where its `Cache-Control` does not say; 30 to 86 400, default 300. */
  readonly refreshAfterSeconds?: number;
  /**
   * Seconds for which a set counts while its endpoint cannot be reached, and the most that `Cache-Control` can ask for; from
   * `refreshAfter` to 604 800, default 3600. So long, at most, a key that its owner took back is still taken here.
   */
  readonly maxAgeSeconds?: number;
  /** Seconds for one whole exchange, from the look-up of the name to the last byte; 0.05 to 10, default 2. */
  readonly timeout?: number;
  /** Hosts, as they stand in URLs and without a port, that may have addresses which are not public. Default: none. */
  readonly privateHosts?: readonly string[];
  /** Certificates of authorities in PEM, in place of those that Node trusts. */
  readonly ca?: string;
  /** URLs whose sets are kept at most, the least used go; 1 to 1 000 000, default 10 000. */
  readonly maxUrls?: number;
  /** Told of every fetch that failed and of every key that was left out. What it throws counts for nothing. */
  readonly onProblem?: (problem: JwksError) => void;
  /** Finds the addresses of a host; default the system's resolver. What it finds is checked all the same. */
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

/** The kind of every option; {@link jwksClient} checks them. */
export const JWKS_CLIENT_OPTIONS: OptionKinds<JwksClientOptions> = {
  refreshAfterSeconds: 'any',
  maxAgeSeconds: 'any',
  timeout: 'any',
  privateHosts: 'array',
  ca: 'text',
  maxUrls: 'any',
  onProblem: 'function',
  lookup: 'function',
  monotonic: 'function',
};

/** Finds keys in JWK sets. {@link jwksClient} makes one. */
export interface JwksClient {
  /**
   * Finds the keys that a token may have been signed with.
   *
   * @param urls - one URL, or those of one user: what is found at any of them counts
   * @param hint - its `kid` is one that the set gives, the SHA-256 of the SPKI PEM, or an RFC 7638 thumbprint; without a `kid` every
   *   key may be meant
   * @returns the keys of that name; none if the sets have no such key, also when asked anew
   * @throws UnavailableError where nobody can tell, as a set cannot be had; its `cause` is a {@link JwksError}
   */
  jwksKeys(urls: string | readonly string[], hint: Pick<KeyHint, 'kid'>): MaybePromise<readonly KeyRecord[]>;
}

/**
 * Makes a client for JWK sets (RFC 7517 §5). A set is asked for anew when it is no longer fresh, and for a `kid` that it does not have;
 * in both cases once in 10 seconds at most, whether it answers or not.
 *
 * @param options - {@link JwksClientOptions}
 * @returns a client that fetches nothing before it is asked
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function jwksClient(options: JwksClientOptions = {}): JwksClient {
  checkOptions(options, JWKS_CLIENT_OPTIONS);
  const { monotonic = () => performance.now() / 1000, onProblem } = options;
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
    timeout: 1000 * numberOption('timeout', options.timeout, 2, 0.05, 10, 'seconds'),
    privateHosts: readPrivateHosts(options.privateHosts),
    ca: options.ca,
    lookup: options.lookup ?? systemAddresses,
  };

  const report = (problem: JwksError) => callHook(onProblem, problem);

  const sets = new BoundedMap<string, SetCache>(most);
  function setAt(text: string): SetCache {
    let set = sets.get(text);
    if (set === undefined) {
      set = cachedSet(parseJwksUrl(text), { refreshAfter, maxAge, monotonic, fetching, report });
      sets.set(text, set);
    }
    return set;
  }

  async function askAnew(all: readonly SetCache[], kid: string | undefined): Promise<readonly KeyRecord[]> {
    await Promise.all(all.map((set) => (set.isFresh() ? undefined : set.refresh())));
    let found = match(all, kid);
    if (found.length === 0 && kid !== undefined) {
      await Promise.all(all.map((set) => set.refresh()));
      found = match(all, kid);
    }
    const trouble = all.map((set) => set.trouble()).find((one) => one !== undefined);
    if (found.length === 0 && trouble !== undefined) throw new UnavailableError(trouble.message, { cause: trouble });
    return found;
  }

  return {
    jwksKeys(urls, { kid }) {
      try {
        const all = (typeof urls === 'string' ? [urls] : urls).map(setAt);
        const fresh = all.filter((set) => set.isFresh());
        // Without a kid any key may be meant, so that all sets are needed.
        const found = kid === undefined && fresh.length < all.length ? [] : match(fresh, kid);
        return found.length > 0 ? found : askAnew(all, kid);
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
