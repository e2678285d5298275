/** Public keys as they stand in rows: parsed once, as that costs more than a query; a bad one is told of, and left out. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { callHook } from '../../core/maybe-promise.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { decoyParse } from './decoy-parse.ts';

/** A key that cannot be used, and is left out. */
export interface UnreadableKeyRow {
  /** Whose it is, as it stands in the database. */
  readonly username: string;
  /** The row's id, where the mapping names its column. */
  readonly id: unknown;
  /** What is wrong with it; a `KeyError` has a `code`. The key itself is never in the message. */
  readonly error: Error;
}

/** A key's row, as far as it makes the key. */
export interface RowKey {
  readonly username: string;
  readonly id: unknown;
  /** What no other row has: its id, or else its text. */
  readonly place: string;
  readonly text: string;
  readonly alg: string | undefined;
}

interface Parsed {
  readonly text: string;
  readonly alg: string | undefined;
  readonly key: PublicKey | undefined;
}

/** Characters above which a text is parsed each time: nobody fills the memory with what are no keys. */
const MAX_KEPT = 8192;

/**
 * Makes a function that parses rows, and keeps what it has parsed.
 *
 * @param most - keys that are kept; those that were used last stay
 * @param onBadKey - told once of each, for as long as it is kept; what it throws changes nothing
 * @returns `read` gives the same object for the same row, and `undefined` for a bad one; `nothingOf` takes the place of it for a name
 *   without a key, and takes as long
 */
export function rowKeyReader(most: number, onBadKey: ((bad: UnreadableKeyRow) => void) | undefined) {
  const parsed = new Map<string, Parsed>();
  const decoy = decoyParse(most, (text) => PublicKey.from(text));

  function parse({ username, id, text, alg }: RowKey): PublicKey | undefined {
    try {
      const key = PublicKey.from(text, alg === undefined ? {} : { alg: alg as AlgorithmName });
      decoy.learn(text);
      return key;
    } catch (error) {
      callHook(onBadKey, { username, id, error: error as Error });
      return undefined;
    }
  }

  function read(row: RowKey): PublicKey | undefined {
    const { place, text, alg } = row;
    const kept = parsed.get(place);
    const key = kept !== undefined && kept.text === text && kept.alg === alg ? kept.key : parse(row);
    parsed.delete(place);
    if (text.length > MAX_KEPT) return key;
    if (parsed.size >= most) parsed.delete(parsed.keys().next().value as string);
    parsed.set(place, { text, alg, key });
    return key;
  }

  return { read, nothingOf: decoy.inPlaceOf };
}
