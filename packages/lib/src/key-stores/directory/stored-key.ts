/** Parses keys from the rows of the directory. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import type { VerificationKey } from '../../core/contracts.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { type KeyText, parsedKeys } from '../shared/parsed-keys.ts';

/** The columns of a key. */
export interface StoredKeyRow {
  readonly fingerprint: string;
  readonly kid: string;
  readonly public_key: string;
  readonly alg: string | null;
}

/** Parses keys from rows. */
export interface KeyParser {
  /** @throws Error if the row was changed outside of the directory */
  parse(row: StoredKeyRow): PublicKey;
  /** Called instead of `parse` for a username without a key. It takes as long as `parse`. */
  decoy(username: string): void;
}

/** @param most - the maximum number of keys in memory */
export function keyParser(most: number): KeyParser {
  const { read, decoy } = parsedKeys(most, ({ text, alg, fingerprint, kid }: KeyText & StoredKeyRow) => {
    const key = PublicKey.from(text, alg === null ? {} : { alg: alg as AlgorithmName });
    // If a row was changed outside of the directory, another key could be accepted under this fingerprint.
    if (key.fingerprint !== fingerprint || key.kid !== kid)
      throw new Error(`the key ${fingerprint} was changed in the database, outside of the directory`);
    return key;
  });
  return {
    parse: (row) => read({ ...row, place: `${row.fingerprint} ${row.kid}`, text: row.public_key }),
    decoy,
  };
}

/** A key that is parsed when it is first needed, because most requests need only one key of a user. */
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

  /** Parses the key before it is used. Never throws. */
  prepare(): void {
    try {
      this.#parsed();
    } catch {
      // The error is thrown again when the key is used.
    }
  }

  /** @throws Error if the row was changed outside of the directory */
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

  get ed25519(): Uint8Array | undefined {
    return this.#parsed().ed25519;
  }

  get handle(): PublicKey['handle'] {
    return this.#parsed().handle;
  }
}
