/** Parsing a key costs more than a query: those that were used last stay. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { PublicKey } from '../../keys/public-key.ts';

/** Makes a key of what a row has. */
export type KeyParser = (fingerprint: string, pem: string, alg: string | null) => PublicKey;

/** @param most - keys that stay in memory */
export function keyParser(most: number): KeyParser {
  const parsed = new Map<string, PublicKey>();
  return (fingerprint, pem, alg) => {
    const id = `${alg ?? ''} ${pem}`;
    let key = parsed.get(id);
    if (key === undefined) {
      key = PublicKey.from(pem, alg === null ? {} : { alg: alg as AlgorithmName });
      // A row that somebody changed by hand must not let another key in under this one's name.
      if (key.fingerprint !== fingerprint) throw new Error(`the key ${fingerprint} was changed in the database`);
      if (parsed.size >= most) parsed.delete(parsed.keys().next().value as string);
    } else parsed.delete(id);
    parsed.set(id, key);
    return key;
  };
}
