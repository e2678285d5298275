/** Sends concurrent claims in one script. In a cluster, a script contains only claims of one bucket. */
import { Groups } from '../shared/group.ts';
import { isSpread, type ScriptAnswer } from './replies.ts';

/** A claim, as the arguments of a script. */
export interface RedisClaim {
  readonly bucket: number;
  readonly args: readonly string[];
}

/** What a script replies about a claim. An error concerns this claim alone. */
export type ClaimReply = ScriptAnswer | Error;

/** Sends claims in one script. @param end - the latest deadline of the claims, by `performance.now()` */
type SendClaims = (claims: readonly RedisClaim[], end: number) => Promise<readonly ClaimReply[]>;

/** Redis runs one script while this process reads the replies of another and prepares the next. Short scripts delay other clients less. */
const LIMITS = { maxItems: 32, maxInFlight: 4, what: 'Redis' } as const;

export class ClaimGroups {
  readonly #send: SendClaims;
  readonly #limits: typeof LIMITS & { readonly limit: string };
  readonly #ofAllBuckets: Groups<RedisClaim, ClaimReply>;
  readonly #ofBucket = new Map<number, Groups<RedisClaim, ClaimReply>>();
  /** Whether the buckets are on several servers of a cluster. A script can then use only one of them. */
  #isSpread = false;

  constructor(send: SendClaims, deadlineMs: number) {
    this.#send = send;
    this.#limits = { ...LIMITS, limit: `within ${deadlineMs / 1000} s` };
    this.#ofAllBuckets = this.#make((claims, end) => this.#sendTogether(claims, end));
  }

  /**
   * Sends a claim with others.
   *
   * @param end - the deadline of the claim, by `performance.now()`
   * @throws UnavailableError at the deadline; the claim may or may not have been sent
   * @throws any error of the script
   */
  add(claim: RedisClaim, end: number): Promise<ClaimReply> {
    return this.#isSpread ? this.#addToBucket(claim, end) : this.#ofAllBuckets.add(claim, end);
  }

  #addToBucket(claim: RedisClaim, end: number): Promise<ClaimReply> {
    let groups = this.#ofBucket.get(claim.bucket);
    if (groups === undefined) {
      groups = this.#make(this.#send);
      this.#ofBucket.set(claim.bucket, groups);
    }
    return groups.add(claim, end);
  }

  async #sendTogether(claims: readonly RedisClaim[], end: number): Promise<readonly ClaimReply[]> {
    try {
      if (!this.#isSpread) return await this.#send(claims, end);
    } catch (error) {
      if (claims.length === 1 || !isSpread(error)) throw error;
      this.#isSpread = true;
    }
    return Promise.all(claims.map((claim) => this.#addToBucket(claim, end).catch((error: Error) => error)));
  }

  #make(send: SendClaims): Groups<RedisClaim, ClaimReply> {
    return new Groups(send, this.#limits);
  }
}
