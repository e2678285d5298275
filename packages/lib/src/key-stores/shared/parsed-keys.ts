/**
 * Caches parsed public keys, because parsing a key costs more than a query. A lookup that finds no key parses a decoy. So it takes as long
 * as a lookup that finds a key, and the time does not reveal which usernames exist.
 */
import { BoundedMap } from '../../core/bounded-map.ts';
import { ownText } from '../../core/own-text.ts';
import { PublicKey } from '../../keys/public-key.ts';

/** The part of a row that determines the key. */
export interface KeyText {
  /** Identifies the row. */
  readonly place: string;
  readonly text: string;
  readonly alg: string | null | undefined;
}

/** The parsed keys of one store. */
export interface ParsedKeys<Row extends KeyText, Key extends PublicKey | undefined> {
  /** Returns the key of a row. It returns the same object until the text or the algorithm changes. */
  read(row: Row): Key;
  /** Called instead of `read` for a username without a key. A repeated username takes no time, like a cached key. */
  decoy(username: string): void;
}

/** Maximum length of a cached text, in characters. Without it, rows that contain no valid key could fill the memory. */
const MAX_KEPT = 8192;
/** The decoy that is parsed before any real key: the public key of RFC 8032 §7.1, test 1. It never verifies a signature. */
const FIRST_DECOY =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n';

/**
 * Creates the cache of one store.
 *
 * @param most - the maximum number of cached keys, and also of cached usernames without a key
 * @param parse - parses a row that is not in the cache; a result of `undefined` is cached too, but an error is not
 */
export function parsedKeys<Row extends KeyText, Key extends PublicKey | undefined>(
  most: number,
  parse: (row: Row) => Key,
): ParsedKeys<Row, Key> {
  const parsed = new BoundedMap<string, { readonly text: string; readonly alg: Row['alg']; readonly key: Key }>(most);
  const strangers = new BoundedMap<string, true>(most);
  let decoyText = FIRST_DECOY;

  return {
    read(row) {
      const { place, text, alg } = row;
      const kept = parsed.get(place);
      if (kept !== undefined && kept.text === text && kept.alg === alg) return kept.key;
      const key = parse(row);
      // The next decoy is this key, because most keys of a store have the same type and format.
      if (key !== undefined) decoyText = text;
      if (text.length > MAX_KEPT) parsed.delete(place);
      else parsed.set(place, { text, alg, key });
      return key;
    },

    decoy(username) {
      if (strangers.get(username)) return;
      strangers.set(ownText(username), true);
      try {
        PublicKey.from(decoyText);
      } catch {
        // The error does not matter, because only the time for parsing counts.
      }
    },
  };
}
