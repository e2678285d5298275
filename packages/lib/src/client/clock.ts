/** Corrects the time of tokens for servers whose clocks differ (spec/PROTOCOL.md §6). Learns from refusals for time, per origin. */
import { BoundedMap } from '../core/bounded-map.ts';
import { checkOptions, numberOption, type OptionKinds } from '../core/options.ts';
import { SignedFetchError } from './error.ts';
import { readTimeRefusal, type TimeRefusal } from './refusal.ts';
import type { ResponseHead } from './response-head.ts';

/** How far tokens follow the clock of a server that refuses one for its time. None of these options widens the server's tolerance. */
export interface ClockOptions {
  /** Largest correction, in seconds, 0 to 3600; default 300. A larger difference is an error. */
  readonly maxOffsetSeconds?: number;
  /**
   * Allows a token that is not bound to its audience to be dated more than 5 s ahead of this clock; default false. With it, a server
   * that lies about its clock can collect tokens that other servers accept later. Prefer `bind: ['aud']`.
   */
  readonly aheadUnbound?: boolean;
  /** Also follows the `Date` of a 401 or 403 without our challenge, as the Python server sends them; default false. */
  readonly dateHeader?: boolean;
}

const OPTIONS: OptionKinds<ClockOptions> = { maxOffsetSeconds: 'any', aheadUnbound: 'boolean', dateHeader: 'boolean' };

/** How long an offset is remembered, in seconds. */
const MEMORY_SECONDS = 600;
/** Origins that are remembered. */
const MAX_ORIGINS = 1000;
/** Seconds. A slower response tells too little about when the server read its clock. */
const MAX_ROUND_TRIP = 5;
/** A smaller difference counts as delay, not as a wrong clock. Seconds; at most half the tolerance. */
const MAX_DELAY = 10;
/** How far ahead of this clock an unbound token may be dated, in seconds. */
const MAX_AHEAD = 5;
/** The wall clock was set if it moved by more than this against the monotonic one, in seconds: a clock of whole seconds moves by less. */
const STEP = 1;

/** Clocks of this machine, in seconds. */
export interface Clocks {
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** The times of one attempt. */
export interface AttemptTimes {
  /** The correction of its token, in seconds. */
  readonly offset: number;
  /** Wall clock minus monotonic clock, before it was signed. */
  readonly base: number;
  /** Monotonic clock, after it was signed. */
  readonly sentAt: number;
}

interface Known {
  readonly offset: number;
  readonly base: number;
  /** On the monotonic clock. */
  readonly until: number;
}

/** What a response asks for: nothing, another attempt after `wait` seconds, or an error. */
export type Verdict = undefined | { readonly wait: number } | SignedFetchError;

/** Remembers by how much the clocks of servers differ. */
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

  /** Returns by how many seconds a token for this origin must be dated ahead of this clock. */
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
   * Learns from a response.
   *
   * @param bound - whether the token is bound to its audience
   */
  judge(url: URL, times: AttemptTimes, bound: boolean, response: ResponseHead): Verdict {
    const refusal = readTimeRefusal(response, this.#dateHeader);
    if (refusal === undefined) return undefined;
    const again = refusal.named ? { wait: refusal.wait } : undefined;
    const offset = this.#sample(refusal, times, response);
    // The cause may be delay, or the clock of this machine was just set.
    if (offset === undefined) return again;
    if (Math.abs(offset - times.offset) < Math.min(MAX_DELAY, refusal.tolerance / 2)) return again;
    if (!isTrustworthy(url)) return undefined;
    if (Math.abs(offset) > this.#maxOffset) return tooFar(url.origin, offset, this.#maxOffset);
    if (offset > MAX_AHEAD && !bound && !this.#aheadUnbound) return behind(url.origin, offset);
    this.#remember(url.origin, offset);
    return { wait: refusal.wait };
  }

  /** Returns the server's clock minus this one, or `undefined` if this response cannot tell. */
  #sample({ serverTime }: TimeRefusal, { base, sentAt }: AttemptTimes, response: ResponseHead): number | undefined {
    const roundTrip = this.#clocks.monotonic() - sentAt;
    const stepped = Math.abs(this.#base() - base) > STEP;
    if (serverTime === undefined || roundTrip > MAX_ROUND_TRIP || stepped) return undefined;
    // A cache kept it: its time is old.
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

/** Reports whether nobody on the network can change the response. */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || LOOPBACK.test(hostname);
}

function tooFar(origin: string, offset: number, max: number): SignedFetchError {
  return new SignedFetchError(
    'clock_too_far',
    `${apart(origin, offset)}; at most ${max} s are corrected: set the wrong clock`,
    offset,
  );
}

function behind(origin: string, offset: number): SignedFetchError {
  return new SignedFetchError(
    'clock_behind',
    `${apart(origin, offset)}; an unbound token is not dated so far ahead: set bind: ['aud'] or clock: { aheadUnbound: true }`,
    offset,
  );
}

function apart(origin: string, offset: number): string {
  return `this clock is ${Math.abs(offset).toFixed(1)} s ${offset > 0 ? 'behind' : 'ahead of'} ${origin}`;
}
