/** A lookup that found no key takes as long as one that found a key and parsed it, so that a stranger cannot tell which names exist. */
import { ownText } from '../../core/own-text.ts';

/** Until a store has parsed a key: the public key of RFC 8032 §7.1, test 1. It verifies nothing here. */
const FIRST_SAMPLE =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n';

/** Parses a decoy for names without a key. */
export interface DecoyParse {
  /** Notes the text of a real key that was just parsed: the next decoy has its kind and format, as the users of a store tend to. */
  learn(text: string): void;
  /** Does what the first lookup of a known user does: parses a key. Later lookups of the same name cost nothing, as it stays parsed. */
  inPlaceOf(username: string): void;
}

/**
 * Makes a decoy for one store.
 *
 * @param most - names that are remembered; those that were looked up last stay
 * @param parse - parses a key's text, and keeps nothing of it
 */
export function decoyParse(most: number, parse: (text: string) => unknown): DecoyParse {
  const names = new Set<string>();
  let sample = FIRST_SAMPLE;
  return {
    learn(text) {
      sample = text;
    },
    inPlaceOf(username) {
      const isFirst = !names.delete(username);
      if (names.size >= most) names.delete(names.values().next().value as string);
      names.add(ownText(username));
      if (!isFirst) return;
      try {
        parse(sample);
      } catch {
        // It took its time, and that is all that it is for.
      }
    },
  };
}
