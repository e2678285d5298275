/** The clocks of servers (spec/PROTOCOL.md §6): learnt from a refusal for time, origin by origin, and forgotten again. */
import { BoundedMap } from '../core/bounded-map.ts';
import { checkOptions, numberOption, type OptionKinds } from '../core/options.ts';
import { SignedFetchError } from './error.ts';
import { type Answer, readTimeRefusal, type TimeRefusal } from './refusal.ts';

/** How far a caller follows the clock of a server that refuses its token for time. Nothing here widens the server's window. */
export interface ClockOptions {
  /** Largest correction, in seconds; 0 to 3600, default 300. What lies beyond is an error. */
  readonly maxOffsetSeconds?: number;
  /**
   * Lets a token that is not bound to its audience be dated more than 5 s ahead of this clock. A server that lies about its clock can
   * then collect tokens that other servers take later. Default false: such tokens need `bind: ['aud']`.
   */
  readonly aheadUnbound?: boolean;
  /** Follows the `Date` of a 401 or 403 without a challenge of ours too, as the Python server answers. Default false. */
  readonly dateHeader?: boolean;
}

const OPTIONS: OptionKinds<ClockOptions> = { maxOffsetSeconds: 'any', aheadUnbound: 'boolean', dateHeader: 'boolean' };

/** Seconds for which an offset is remembered. */
const MEMORY = 600;
/** Origins that are remembered. */
const MAX_ORIGINS = 1000;
/** An answer that took longer says too little about when the server read its clock, in seconds. */
const MAX_ROUND_TRIP = 5;
/** What was delay, and no clock's fault: at most this many seconds, and at most half the tolerance. */
const MAX_DELAY = 10;
/** Seconds that an unbound token may be dated ahead of this clock. */
const MAX_AHEAD = 5;
/** The wall clock has stepped if it moved this much against the monotonic one, in seconds; more than a clock of whole seconds does. */
const STEP = 1;

/** This machine's clocks, in seconds. */
export interface Clocks {
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** What is known of one attempt at the moment of its answer. */
export interface AttemptTimes {
  /** The correction that its token was dated with. */
  readonly offset: number;
  /** Wall clock less monotonic clock, before it was signed. */
  readonly base: number;
  /** Monotonic clock, once it was signed. */
  readonly sentAt: number;
}

interface Known {
  readonly offset: number;
  readonly base: number;
  /** By the monotonic clock. */
  readonly until: number;
}

/** What an answer asks for: nothing, another attempt after so many seconds, or an error. */
export type Verdict = undefined | { readonly wait: number } | SignedFetchError;

export class ServerClocks {
  readonly #clocks: Clocks;
  readonly #maxOffset: number;
  readonly #aheadUnbound: boolean;
  readonly #dateHeader: boolean;
  readonly #known = new BoundedMap<string, Known>(MAX_ORIGINS);

  /** @throws TypeError for an option that is unknown or out of its range */
  constructor(options: ClockOptions, clocks: Clocks) {
    checkOptions(options, OPTIONS);
    this.#clocks = clocks;
    this.#maxOffset = numberOption('maxOffsetSeconds', options.maxOffsetSeconds, 300, 0, 3600, 'seconds');
    this.#aheadUnbound = options.aheadUnbound === true;
    this.#dateHeader = options.dateHeader === true;
  }

  /** Seconds to date a token for this origin ahead of this clock. */
  offset(origin: string): number {
    const known = this.#known.get(origin);
    if (known === undefined) return 0;
    if (known.until > this.#clocks.monotonic() && Math.abs(this.#base() - known.base) <= STEP) return known.offset;
    this.#known.delete(origin);
    return 0;
  }

  /** Before an attempt is signed. */
  begin(origin: string): Omit<AttemptTimes, 'sentAt'> {
    return { offset: this.offset(origin), base: this.#base() };
  }

  /**
   * Learns from an answer.
   *
   * @param bound - whether the token is bound to its audience
   */
  judge(url: URL, times: AttemptTimes, bound: boolean, answer: Answer): Verdict {
    const refusal = readTimeRefusal(answer, this.#dateHeader);
    if (refusal === undefined) return undefined;
    const again = refusal.named ? { wait: refusal.wait } : undefined;
    const offset = this.#sample(refusal, times, answer);
    // It may well have been delay, or the step itself.
    if (offset === undefined) return again;
    if (Math.abs(offset - times.offset) < Math.min(MAX_DELAY, refusal.tolerance / 2)) return again;
    if (!isTrustworthy(url)) return undefined;
    if (Math.abs(offset) > this.#maxOffset) return tooFar(url.origin, offset, this.#maxOffset);
    if (offset > MAX_AHEAD && !bound && !this.#aheadUnbound) return behind(url.origin, offset);
    this.#remember(url.origin, offset);
    return { wait: refusal.wait };
  }

  /** The server's clock less this one, or `undefined` where this answer cannot tell. */
  #sample({ serverTime }: TimeRefusal, { base, sentAt }: AttemptTimes, answer: Answer): number | undefined {
    const roundTrip = this.#clocks.monotonic() - sentAt;
    const stepped = Math.abs(this.#base() - base) > STEP;
    if (serverTime === undefined || roundTrip > MAX_ROUND_TRIP || stepped) return undefined;
    // It was made earlier, and kept by a cache.
    if (answer.header('age') != null) return undefined;
    return serverTime - (base + sentAt + roundTrip / 2);
  }

  #remember(origin: string, offset: number): void {
    this.#known.set(origin, { offset, base: this.#base(), until: this.#clocks.monotonic() + MEMORY });
  }

  #base(): number {
    return this.#clocks.now() - this.#clocks.monotonic();
  }
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether nobody in between can change what the answer says. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || LOOPBACK.test(hostname);
}

function tooFar(origin: string, offset: number, max: number): SignedFetchError {
  return new SignedFetchError(
    'clock_too_far',
    `${apart(origin, offset)}, and at most ${max} s are corrected; set the clock that is wrong`,
    offset,
  );
}

function behind(origin: string, offset: number): SignedFetchError {
  return new SignedFetchError(
    'clock_behind',
    `${apart(origin, offset)}; a token that is not bound to its audience is not dated so far ahead: bind it with bind: ['aud'], or allow it with clock: { aheadUnbound: true }`,
    offset,
  );
}

function apart(origin: string, offset: number): string {
  return `this clock is ${Math.abs(offset).toFixed(1)} s ${offset > 0 ? 'behind' : 'ahead of'} that of ${origin}`;
}
