/** Parsing a key costs more than a query: those that were used last stay. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import type { VerificationKey } from '../../core/contracts.ts';
import { PublicKey } from '../../keys/public-key.ts';

/** What a row has of a key. */
export interface StoredKeyRow {
  readonly fingerprint: string;
  readonly kid: string;
  readonly public_key: string;
  readonly alg: string | null;
}

/** Makes a key of what a row has. */
export type KeyParser = (row: StoredKeyRow) => PublicKey;

/** @param most - keys that stay in memory */
export function keyParser(most: number): KeyParser {
  const parsed = new Map<string, PublicKey>();
  return ({ fingerprint, kid, public_key: pem, alg }) => {
    const id = `${alg ?? ''} ${pem}`;
    let key = parsed.get(id);
    if (key === undefined) {
      key = PublicKey.from(pem, alg === null ? {} : { alg: alg as AlgorithmName });
      // A row that somebody changed by hand must not let another key in under this one's name.
      if (key.fingerprint !== fingerprint || key.kid !== kid)
        throw new Error(`the key ${fingerprint} was changed in the database`);
      if (parsed.size >= most) parsed.delete(parsed.keys().next().value as string);
    } else parsed.delete(id);
    parsed.set(id, key);
    return key;
  };
}

/** A key by its names, which is read where a token names it, or none: with a million users, most are not at hand. */
export class StoredKey implements VerificationKey {
  readonly kid: string;
  readonly fingerprint: string;
  readonly #read: () => PublicKey;
  #key: PublicKey | undefined;

  constructor(row: StoredKeyRow, parse: KeyParser) {
    this.kid = row.kid;
    this.fingerprint = row.fingerprint;
    this.#read = () => parse(row);
  }

  /** @throws Error if the row was changed by hand */
  #parsed(): PublicKey {
    this.#key ??= this.#read();
    return this.#key;
  }

  get algorithms(): PublicKey['algorithms'] {
    return this.#parsed().algorithms;
  }

  get signatureLength(): number {
    return this.#parsed().signatureLength;
  }

  get modulus(): Uint8Array | undefined {
    return this.#parsed().modulus;
  }

  get handle(): PublicKey['handle'] {
    return this.#parsed().handle;
  }
}
