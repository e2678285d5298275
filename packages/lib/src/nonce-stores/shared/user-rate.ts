/** How many nonces each user claims in the present second, in this process. */
export class UserRate {
  readonly #most: number;
  readonly #claims = new Map<string, number>();
  #second = Number.NaN;

  /** @param most - claims that one user may make in a second */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes one of the claims that a user may make in this second, if there is one left.
   *
   * @param now - seconds since the epoch
   */
  take(username: string, now: number): boolean {
    const second = Math.floor(now);
    if (second !== this.#second) {
      this.#second = second;
      this.#claims.clear();
    }
    const claims = this.#claims.get(username) ?? 0;
    if (claims >= this.#most) return false;
    this.#claims.set(username, claims + 1);
    return true;
  }

  /** For a claim that was taken and not made. */
  giveBack(username: string): void {
    const claims = this.#claims.get(username);
    if (claims !== undefined && claims > 0) this.#claims.set(username, claims - 1);
  }
}
