/** A contract as a list of cases, for whatever test runner: `for (const { name, run } of cases) test(name, run)`. */

/** One promise of a contract. */
export interface ContractCase {
  /** What a user of the contract may rely on. */
  readonly name: string;
  /** Rejects where the promise is broken. */
  run(): Promise<void>;
}

/** A promise of a contract is broken. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code = 'contract_broken';
}

/** @throws ContractError unless both have the same JSON */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new ContractError(`${what}: expected ${other}, got ${one}`);
}

/** @throws ContractError unless the work throws or rejects */
export async function throws(work: () => unknown, what: string): Promise<void> {
  let result: unknown;
  try {
    result = await work();
  } catch {
    return;
  }
  throw new ContractError(`${what}: expected an error, got ${JSON.stringify(result)}`);
}
