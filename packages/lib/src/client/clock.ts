/**
 * Corrects the time of tokens for servers whose clocks differ from this one (spec/PROTOCOL.md §6). When a server refuses a token because of
 * its time, learns the clock of that origin.
 */
import { BoundedMap } from '../core/bounded-map.ts';
import { checkOptions, numberOption, type OptionKinds } from '../core/options.ts';
import { SignedFetchError } from './error.ts';
import { readTimeRefusal, type TimeRefusal } from './refusal.ts';
import type { ResponseHead } from './response-head.ts';

/**
 * Limits how far tokens follow the clock of a server that has refused one because of its time. No option changes the server's tolerance.
 */
export interface ClockOptions {
  /** Largest correction, in seconds, 0 to 3600. Default: 300. If the clocks differ by more, the request fails. */
  readonly maxOffsetSeconds?: number;
  /**
   * Allows a token that is not bound to its audience to have a time more than 5 s ahead of this clock. Default: false. If you set this, a
   * server that lies about its clock can collect tokens that other servers accept later. Prefer `bind: ['aud']`.
   */
  readonly aheadUnbound?: boolean;
  /**
   * Also follows the `Date` header of a 401 or 403 response without this library's challenge. The Python server sends such responses.
   * Default: false.
   */
  readonly dateHeader?: boolean;
}

const OPTIONS: OptionKinds<ClockOptions> = { maxOffsetSeconds: 'any', aheadUnbound: 'boolean', dateHeader: 'boolean' };

/** How long an offset is remembered, in seconds. */
const MEMORY_SECONDS = 600;
/** Maximum number of origins that are remembered. */
const MAX_ORIGINS = 1000;
/** Longest round trip, in seconds. A slower response does not show precisely when the server read its clock. */
const MAX_ROUND_TRIP = 5;
/** A difference below this number of seconds counts as delay, not as a wrong clock. The limit is never more than half the tolerance. */
const MAX_DELAY = 10;
/** Maximum number of seconds by which the time of an unbound token may be ahead of this clock. */
const MAX_AHEAD = 5;
/**
 * If the wall clock moves by more than this against the monotonic clock, in seconds, it was set. A wall clock with whole seconds moves by
 * less.
 */
const STEP = 1;

/** The clocks of this machine. Both return seconds. */
export interface Clocks {
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** The times of one attempt. */
export interface AttemptTimes {
  /** The correction of the attempt's token, in seconds. */
  readonly offset: number;
  /** The wall clock minus the monotonic clock, before the token was signed. */
  readonly base: number;
  /** The time of the monotonic clock after the token was signed. */
  readonly sentAt: number;
}

interface Known {
  readonly offset: number;
  readonly base: number;
  /** The time on the monotonic clock until which the offset is used. */
  readonly until: number;
}

/** What to do after a response: return it, make another attempt after `wait` seconds, or throw an error. */
export type Verdict = undefined | { readonly wait: number } | SignedFetchError;

/** Remembers by how much the clocks of servers differ from this one. */
export class ServerClocks {
  readonly #clocks: Clocks;
  readonly #maxOffset: number;
  readonly #aheadUnbound: boolean;
  readonly #dateHeader: boolean;
  readonly #known = new BoundedMap<string, Known>(MAX_ORIGINS);

  /** @throws TypeError for an unknown or invalid option */
  constructor(options: ClockOptions, clocks: Clocks) {
    checkOptions(options, OPTIONS);
    this.#clocks = clocks;
    this.#maxOffset = numberOption('maxOffsetSeconds', options.maxOffsetSeconds, 300, 0, 3600, 'seconds');
    this.#aheadUnbound = options.aheadUnbound === true;
    this.#dateHeader = options.dateHeader === true;
  }

  /** Returns how many seconds to add to this clock for the time of a token for this origin. */
  offset(origin: string): number {
    const known = this.#known.get(origin);
    if (known === undefined) return 0;
    if (known.until > this.#clocks.monotonic() && Math.abs(this.#base() - known.base) <= STEP) return known.offset;
    this.#known.delete(origin);
    return 0;
  }

  /** Reads the clocks before an attempt is signed. */
  begin(origin: string): Omit<AttemptTimes, 'sentAt'> {
    return { offset: this.offset(origin), base: this.#base() };
  }

  /**
   * Learns from a response, and returns what to do next.
   *
   * @param bound - whether the token is bound to its audience
   */
  judge(url: URL, times: AttemptTimes, bound: boolean, response: ResponseHead): Verdict {
    const refusal = readTimeRefusal(response, this.#dateHeader);
    if (refusal === undefined) return undefined;
    const again = refusal.named ? { wait: refusal.wait } : undefined;
    const offset = this.#sample(refusal, times, response);
    // The response was slow or has no usable time, or this machine's clock was just set.
    if (offset === undefined) return again;
    if (Math.abs(offset - times.offset) < Math.min(MAX_DELAY, refusal.tolerance / 2)) return again;
    if (!isTrustworthy(url)) return undefined;
    if (Math.abs(offset) > this.#maxOffset) return tooFar(url.origin, offset, this.#maxOffset);
    if (offset > MAX_AHEAD && !bound && !this.#aheadUnbound) return behind(url.origin, offset);
    this.#remember(url.origin, offset);
    return { wait: refusal.wait };
  }

  /** Returns the server's clock minus this one, or `undefined` if the response does not show it. */
  #sample({ serverTime }: TimeRefusal, { base, sentAt }: AttemptTimes, response: ResponseHead): number | undefined {
    const roundTrip = this.#clocks.monotonic() - sentAt;
    const stepped = Math.abs(this.#base() - base) > STEP;
    if (serverTime === undefined || roundTrip > MAX_ROUND_TRIP || stepped) return undefined;
    // The response comes from a cache, so its time is old.
    if (response.headers.get('age') !== null) return undefined;
    return serverTime - (base + sentAt + roundTrip / 2);
  }

  #remember(origin: string, offset: number): void {
    this.#known.set(origin, { offset, base: this.#base(), until: this.#clocks.monotonic() + MEMORY_SECONDS });
  }

  #base(): number {
    return this.#clocks.now() - this.#clocks.monotonic();
  }
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Returns whether the response is protected against changes on the network. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || LOOPBACK.test(hostname);
}

function tooFar(origin: string, offset: number, max: number): SignedFetchError {
  return new SignedFetchError(
    'clock_too_far',
    `${apart(origin, offset)}; the limit is ${max} s; set the wrong clock`,
    offset,
  );
}

function behind(origin: string, offset: number): SignedFetchError {
  return new SignedFetchError(
    'clock_behind',
    `${apart(origin, offset)}; a token so far ahead must be bound: set bind: ['aud'] or clock: { aheadUnbound: true }`,
    offset,
  );
}

function apart(origin: string, offset: number): string {
  return `this clock is ${Math.abs(offset).toFixed(1)} s ${offset > 0 ? 'behind' : 'ahead of'} ${origin}`;
}
