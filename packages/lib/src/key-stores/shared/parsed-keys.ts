/**
 * Caches parsed public keys, because parsing a key costs more than a query. A lookup that finds no key parses a decoy, so it takes as
 * long as one that finds a key, and the time does not show which usernames exist.
 */
import { BoundedMap } from '../../core/bounded-map.ts';
import { ownText } from '../../core/own-text.ts';
import { PublicKey } from '../../keys/public-key.ts';

/** The part of a row that determines its key. */
export interface KeyText {
  /** Identifies the row. */
  readonly place: string;
  readonly text: string;
  readonly alg: string | null | undefined;
}

/** The keys of one store. */
export interface ParsedKeys<Row extends KeyText, Key extends PublicKey | undefined> {
  /** Returns the key of a row: the same object until its text or algorithm changes. */
  read(row: Row): Key;
  /** Replaces `read` for a username without a key. A username that was looked up before costs nothing, like a cached key. */
  decoy(username: string): void;
}

/** Longest text that is cached, in characters. Otherwise rows without a valid key could fill the memory. */
const MAX_KEPT = 8192;
/** The decoy until a store has parsed a key: the public key of RFC 8032 §7.1, test 1. Nothing is verified with it. */
const FIRST_DECOY =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n';

/**
 * Creates the cache of one store.
 *
 * @param most - number of keys to cache, and of usernames without a key to remember
 * @param parse - parses a row that is not in the cache; `undefined` is cached too, an error is not
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
      // The next decoy has the kind and format of this key, because most keys of a store look alike.
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
        // Only the time that it takes matters.
      }
    },
  };
}
