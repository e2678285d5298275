/** Limits how many requests wait for a decision: for each client address, and in all. */

/** Maximum numbers of undecided requests. */
export interface UndecidedLimits {
  readonly perAddress: number;
  readonly inAll: number;
}

/** The limit that was reached. */
export type Exceeded = 'address' | 'all';

/** Counts requests from their arrival to their decision. An address without undecided requests takes no memory. */
export class Undecided {
  /** Can be replaced at any time; requests that are already counted stay counted. */
  limits: UndecidedLimits;
  readonly #byAddress = new Map<string, number>();
  #inAll = 0;

  constructor(limits: UndecidedLimits) {
    this.limits = limits;
  }

  /**
   * Counts a request, unless a limit is reached. Call {@link Undecided.leave} after its decision.
   *
   * @param address - client address; `undefined` counts towards the total only
   * @returns the limit that was reached, or `undefined` if the request was counted
   */
  enter(address: string | undefined): Exceeded | undefined {
    const ofAddress = address === undefined ? 0 : (this.#byAddress.get(address) ?? 0);
    if (ofAddress >= this.limits.perAddress) return 'address';
    if (this.#inAll >= this.limits.inAll) return 'all';
    this.#inAll += 1;
    if (address !== undefined) this.#byAddress.set(address, ofAddress + 1);
    return undefined;
  }

  leave(address: string | undefined): void {
    this.#inAll -= 1;
    if (address === undefined) return;
    const ofAddress = (this.#byAddress.get(address) as number) - 1;
    if (ofAddress === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, ofAddress);
  }

  /** Number of addresses with undecided requests. */
  get addresses(): number {
    return this.#byAddress.size;
  }
}
