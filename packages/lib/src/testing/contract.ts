/** Defines contracts. A contract is a list of cases for any test runner: `for (const { name, run } of cases) test(name, run)`. */

/** One rule of a contract. */
export interface ContractCase {
  /** What callers can rely on. */
  readonly name: string;
  /** Rejects if the rule is violated. */
  run(): Promise<void>;
}

/**
 * Thrown if a store or signer violates its contract.
 *
 * @example
 * ```ts
 * import { ContractError, keyStoreContract } from 'asymmetric-jwt-auth/testing';
 *
 * const [first] = keyStoreContract({ make: () => ({ find: () => null }) }); // a store that finds no user
 * await first?.run().catch((error: unknown) => {
 *   if (!(error instanceof ContractError)) throw error;
 *   console.log(error.message); // username: expected "alice", got undefined
 * });
 * ```
 */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code = 'contract_broken';
}

/** Checks that two values have the same JSON. @throws ContractError if they differ */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new ContractError(`${what}: expected ${other}, got ${one}`);
}

/** Checks that the work throws or rejects. @throws ContractError if it succeeds */
export async function throws(work: () => unknown, what: string): Promise<void> {
  let result: unknown;
  try {
    result = await work();
  } catch {
    return;
  }
  throw new ContractError(`${what}: expected an error, got ${JSON.stringify(result)}`);
}
