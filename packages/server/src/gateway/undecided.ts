/** How many requests wait for a decision: of one client address, and in all. */

/** Most of them. */
export interface UndecidedLimits {
  readonly perAddress: number;
  readonly inAll: number;
}

/** Which limit was reached. */
export type Exceeded = 'address' | 'all';

/** Counts requests from their arrival to their decision; it remembers nothing of those that are decided. */
export class Undecided {
  readonly #limits: UndecidedLimits;
  readonly #byAddress = new Map<string, number>();
  #inAll = 0;

  constructor(limits: UndecidedLimits) {
    this.#limits = limits;
  }

  /**
   * Counts a request, if there is room for it. {@link Undecided.leave} must follow once it is decided.
   *
   * @param address - `undefined` counts in all only
   * @returns `undefined`, or the limit that leaves no room
   */
  enter(address: string | undefined): Exceeded | undefined {
    const ofAddress = address === undefined ? 0 : (this.#byAddress.get(address) ?? 0);
    if (ofAddress >= this.#limits.perAddress) return 'address';
    if (this.#inAll >= this.#limits.inAll) return 'all';
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

  /** Addresses that are remembered. */
  get addresses(): number {
    return this.#byAddress.size;
  }
}
