/** Parsing a key costs more than a query: those that were used last stay. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import type { VerificationKey } from '../../core/contracts.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { decoyParse } from '../shared/decoy-parse.ts';

/** What a row has of a key. */
export interface StoredKeyRow {
  readonly fingerprint: string;
  readonly kid: string;
  readonly public_key: string;
  readonly alg: string | null;
}

/** Makes a key of what a row has. */
export interface KeyParser {
  parse(row: StoredKeyRow): PublicKey;
  /** Takes the place of `parse` for a name without a key, and takes as long. */
  nothingOf(username: string): void;
}

/** @param most - keys that stay in memory */
export function keyParser(most: number): KeyParser {
  const parsed = new Map<string, PublicKey>();
  const decoy = decoyParse(most, (text) => PublicKey.from(text));

  function parse({ fingerprint, kid, public_key: pem, alg }: StoredKeyRow): PublicKey {
    const id = `${alg ?? ''} ${pem}`;
    let key = parsed.get(id);
    if (key === undefined) {
      key = PublicKey.from(pem, alg === null ? {} : { alg: alg as AlgorithmName });
      // A row that somebody changed by hand must not let another key in under this one's name.
      if (key.fingerprint !== fingerprint || key.kid !== kid)
        throw new Error(`the key ${fingerprint} was changed in the database`);
      decoy.learn(pem);
      if (parsed.size >= most) parsed.delete(parsed.keys().next().value as string);
    } else parsed.delete(id);
    parsed.set(id, key);
    return key;
  }

  return { parse, nothingOf: decoy.inPlaceOf };
}

/** A key by its names, which is read where a token names it, or none: with a million users, most are not at hand. */
export class StoredKey implements VerificationKey {
  readonly kid: string;
  readonly fingerprint: string;
  readonly #read: () => PublicKey;
  #key: PublicKey | undefined;

  constructor(row: StoredKeyRow, { parse }: KeyParser) {
    this.kid = row.kid;
    this.fingerprint = row.fingerprint;
    this.#read = () => parse(row);
  }

  /** Reads the key, so that it is there when a token names it. */
  prepare(): void {
    try {
      this.#parsed();
    } catch {
      // Whoever uses the key learns of it.
    }
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
