/** What the suite of directories needs to know, and how it makes its cases. */
import type { MaybePromise } from '../core/contracts.ts';
import type { Directory } from '../key-stores/directory/directory.ts';
import { PrivateKey } from '../keys/private-key.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { type ContractCase, ContractError, same } from './contract.ts';

/** How to make the directory under test. */
export interface DirectoryFixture {
  /**
   * Makes a directory without users, keys and audit trail.
   *
   * @param now - seconds since the epoch, as it must have them
   */
  make(now: () => number): MaybePromise<Directory>;
  /** The same users and keys once more, as another process has them. */
  again(directory: Directory): MaybePromise<Directory>;
  /** Gives back what a case has used. */
  dispose?(): MaybePromise<void>;
}

/** What a case is given. */
export interface DirectoryCase {
  readonly directory: Directory;
  /** As another process has it. */
  readonly other: Directory;
  /** Sets the clock, in seconds since the epoch; it begins at 1000. */
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

/** @throws ContractError unless the work is refused with this code */
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

/** State of each key that a request finds, by its fingerprint. */
export async function statesOf(directory: Directory, username: string): Promise<Record<string, string>> {
  const found = await directory.find(username, HINT);
  return Object.fromEntries((found?.keys ?? []).map(({ key, state }) => [key.fingerprint, state]));
}
