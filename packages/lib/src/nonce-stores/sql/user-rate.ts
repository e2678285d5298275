/** Counts how many nonces each user claims in the current second, in this process. */
export class UserRate {
  readonly #maxClaims: number;
  readonly #claims = new Map<string, number>();
  #second = Number.NaN;

  /** @param maxClaims - maximum number of claims that one user may make per second */
  constructor(maxClaims: number) {
    this.#maxClaims = maxClaims;
  }

  /**
   * Counts a claim, if the user may make another one in this second.
   *
   * @param now - seconds since the epoch
   * @returns whether the user may make the claim
   */
  take(username: string, now: number): boolean {
    const second = Math.floor(now);
    if (second !== this.#second) {
      this.#second = second;
      this.#claims.clear();
    }
    const claims = this.#claims.get(username) ?? 0;
    if (claims >= this.#maxClaims) return false;
    this.#claims.set(username, claims + 1);
    return true;
  }

  /** Undoes `take` for a claim that was not made. */
  giveBack(username: string): void {
    const claims = this.#claims.get(username);
    if (claims !== undefined && claims > 0) this.#claims.set(username, claims - 1);
  }
}
