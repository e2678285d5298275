/** The set of one URL: what it was when it was last seen, and when it may be asked for again. */
import { type FetchedSet, type FetchSettings, fetchSet, type Validators } from './fetch-set.ts';
import { JwksError } from './jwks-error.ts';
import { readKeySet, type SetKey } from './key-set.ts';

/** Seconds between two fetches, whatever came of the first. */
const PAUSE = 10;
/** Fewest seconds for which a set is fresh, whatever its `Cache-Control` says. */
const MIN_FRESH = 30;

interface SetCacheSettings {
  readonly refreshAfter: number;
  readonly maxAge: number;
  readonly monotonic: () => number;
  readonly fetching: FetchSettings;
  readonly report: (problem: JwksError) => void;
}

/** A set that is kept. */
export interface SetCache {
  /** Whether it counts without being asked for again. */
  isFresh(): boolean;
  /** The keys that count now: none where nothing was ever seen, or not for too long. */
  keys(): readonly SetKey[];
  /** Asks for it, unless that was done just now; callers at the same time share one fetch. Never rejects. */
  refresh(): Promise<void>;
  /** Why it is not known what the set is now; `undefined` where the last fetch succeeded. */
  trouble(): JwksError | undefined;
}

interface Seen extends Validators {
  readonly keys: readonly SetKey[];
  /** When it was asked for: it was not newer than that. */
  readonly at: number;
  readonly freshFor: number;
}

/** Makes the cache of one URL. */
export function cachedSet(url: URL, settings: SetCacheSettings): SetCache {
  const { refreshAfter, maxAge, monotonic, fetching, report } = settings;
  let seen: Seen | undefined;
  let asked = Number.NEGATIVE_INFINITY;
  let trouble: JwksError | undefined;
  let loading: Promise<void> | undefined;

  async function load(at: number): Promise<void> {
    try {
      const answer = await fetchSet(url, seen ?? {}, fetching);
      seen = { ...take(answer), at, freshFor: freshFor(answer) };
      trouble = undefined;
    } catch (error) {
      trouble = error instanceof JwksError ? error : new JwksError('unreachable', url.href);
      report(trouble);
    }
  }

  function take(answer: FetchedSet): Pick<Seen, 'keys' | 'etag' | 'lastModified'> {
    const { body, etag, lastModified } = answer;
    if (body !== undefined) return { keys: readKeySet(textOf(body), url.href, report), etag, lastModified };
    const { keys, ...validators } = seen as Seen;
    return { keys, etag: etag ?? validators.etag, lastModified: lastModified ?? validators.lastModified };
  }

  function freshFor({ cacheControl, age }: FetchedSet): number {
    const asked = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl)?.[1];
    const wanted = /\bno-(?:store|cache)\b/i.test(cacheControl) ? 0 : Number(asked ?? refreshAfter) - Math.max(age, 0);
    return Math.min(Math.max(wanted, MIN_FRESH), maxAge);
  }

  return {
    isFresh: () => seen !== undefined && monotonic() - seen.at < seen.freshFor,
    keys: () => (seen !== undefined && monotonic() - seen.at < maxAge ? seen.keys : []),
    trouble: () => trouble,
    refresh() {
      const now = monotonic();
      if (loading === undefined && now - asked >= PAUSE) {
        asked = now;
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
