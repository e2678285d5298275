/** Caches the JWK set of one URL, and decides when to fetch it again. */
import { type FetchedSet, type FetchSettings, fetchSet, type Validators } from './fetch-set.ts';
import { readJwkSet, type SetKey } from './jwk-set.ts';
import { JwksError } from './jwks-error.ts';

/** Minimum number of seconds between two fetches, including failed fetches. */
const PAUSE = 10;
/** Minimum number of seconds for which a set is fresh, whatever its `Cache-Control` says. */
const MIN_FRESH = 30;

interface SetCacheSettings {
  readonly refreshAfter: number;
  readonly maxAge: number;
  readonly monotonic: () => number;
  readonly fetching: FetchSettings;
  readonly report: (problem: JwksError) => void;
  readonly fetched: (problem: JwksError | undefined) => void;
}

/** A cached set. */
export interface SetCache {
  /** Reports whether the set may be used without fetching it again. */
  isFresh(): boolean;
  /** Returns the valid keys, or an empty array if the set was never fetched or is too old. */
  keys(): readonly SetKey[];
  /** Fetches the set, unless the last attempt was less than 10 seconds ago. Concurrent callers share one fetch. Never rejects. */
  refresh(): Promise<void>;
  /** Returns the error of the last fetch, or `undefined` if it succeeded. */
  problem(): JwksError | undefined;
}

interface Fetched extends Validators {
  readonly keys: readonly SetKey[];
  /** When the fetch began, because the set may have changed since then. */
  readonly at: number;
  readonly freshFor: number;
}

/** Creates a cache for one URL. */
export function cachedJwkSet(url: URL, settings: SetCacheSettings): SetCache {
  const { refreshAfter, maxAge, monotonic, fetching, report, fetched: tell } = settings;
  let fetched: Fetched | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let problem: JwksError | undefined;
  let loading: Promise<void> | undefined;

  async function load(at: number): Promise<void> {
    try {
      const response = await fetchSet(url, fetched ?? {}, fetching);
      fetched = { ...read(response), at, freshFor: freshFor(response) };
      problem = undefined;
    } catch (error) {
      problem = error instanceof JwksError ? error : new JwksError('unreachable', url.href);
      report(problem);
    }
    tell(problem);
  }

  function read({ body, etag, lastModified }: FetchedSet): Pick<Fetched, 'keys' | 'etag' | 'lastModified'> {
    if (body !== undefined) return { keys: readJwkSet(textOf(body), url.href, report), etag, lastModified };
    const { keys, ...validators } = fetched as Fetched;
    return { keys, etag: etag ?? validators.etag, lastModified: lastModified ?? validators.lastModified };
  }

  function freshFor({ cacheControl, age }: FetchedSet): number {
    const given = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl)?.[1];
    const wanted = /\bno-(?:store|cache)\b/i.test(cacheControl) ? 0 : Number(given ?? refreshAfter) - Math.max(age, 0);
    return Math.min(Math.max(wanted, MIN_FRESH), maxAge);
  }

  return {
    isFresh: () => fetched !== undefined && monotonic() - fetched.at < fetched.freshFor,
    keys: () => (fetched !== undefined && monotonic() - fetched.at < maxAge ? fetched.keys : []),
    problem: () => problem,
    refresh() {
      const now = monotonic();
      if (loading === undefined && now - triedAt >= PAUSE) {
        triedAt = now;
        loading = load(now).finally(() => {
          loading = undefined;
        });
      }
      return loading ?? Promise.resolve();
    },
  };
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
