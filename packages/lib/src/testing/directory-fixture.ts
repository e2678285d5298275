/** The fixture of the suite for directories, and helpers for its cases. */
import type { MaybePromise } from '../core/contracts.ts';
import type { Directory } from '../key-stores/directory/directory.ts';
import { PrivateKey } from '../keys/private-key.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { type ContractCase, ContractError, same } from './contract.ts';

/** Creates the directory under test. */
export interface DirectoryFixture {
  /**
   * Creates an empty directory, without an audit trail.
   *
   * @param now - returns seconds since the epoch; the directory must use this clock
   */
  make(now: () => number): MaybePromise<Directory>;
  /** Opens the same directory a second time, as another process would. */
  again(directory: Directory): MaybePromise<Directory>;
  /** Cleans up after a case. */
  dispose?(): MaybePromise<void>;
}

/** The arguments of a case. */
export interface DirectoryCase {
  readonly directory: Directory;
  /** The same directory, opened a second time. */
  readonly other: Directory;
  /** Sets the clock, in seconds since the epoch; it starts at 1000. */
  setClock(seconds: number): void;
}

export const HINT = { kid: undefined, alg: 'EdDSA' } as const;

export const newKey = async (): Promise<PublicKey> => (await PrivateKey.generate('ed25519')).publicKey;

export function directoryCase(
  fixture: DirectoryFixture,
  name: string,
  body: (given: DirectoryCase) => Promise<void>,
): ContractCase {
  return {
    name,
    async run() {
      let clock = 1000;
      try {
        const directory = await fixture.make(() => clock);
        const other = await fixture.again(directory);
        const setClock = (seconds: number) => {
          clock = seconds;
        };
        await body({ directory, other, setClock });
      } finally {
        await fixture.dispose?.();
      }
    },
  };
}

/** Checks that the work fails with this error code. @throws ContractError if it does not */
export async function refused(work: Promise<unknown>, code: string, what: string): Promise<void> {
  let result: unknown;
  try {
    result = await work;
  } catch (error) {
    same((error as { code?: string }).code, code, `code of the error for ${what}`);
    return;
  }
  throw new ContractError(`${what}: expected ${code}, got ${JSON.stringify(result)}`);
}

/** Returns the state of each key that a request finds, by fingerprint. */
export async function statesOf(directory: Directory, username: string): Promise<Record<string, string>> {
  const found = await directory.find(username, HINT);
  return Object.fromEntries((found?.keys ?? []).map(({ key, state }) => [key.fingerprint, state]));
}
