/** Signs each attempt of a request, for all HTTP clients. */
import { encodeBytes } from '#engine';
import { checkArgument } from '../core/arguments.ts';
import { BIND_MEMBERS, type BindMember } from '../core/bind.ts';
import type { Signer } from '../core/contracts.ts';
import { andThen } from '../core/maybe-promise.ts';
import { checkOptions, clockOption, type OptionKinds } from '../core/options.ts';
import { type ClockOptions, ServerClocks, type Verdict } from './clock.ts';
import type { ResponseHead } from './response-head.ts';
import { checkCaller, makeToken, SCHEME } from './token.ts';

/** The options of all HTTP clients: who signs, and what each token is bound to. */
export interface SigningOptions {
  readonly username: string;
  /** A `PrivateKey`, or another signer. */
  readonly key: Signer;
  /**
   * What each token is bound to: the service, the method, the request-target, the body. `true` stands for all four. Default: nothing, as
   * in the Python package. Only `createSignedFetch` and ky support `digest` and `true`.
   */
  readonly bind?: readonly BindMember[] | true;
  /** The audience that the service expects, for `bind: ['aud']`. Default: the origin of the URL. */
  readonly audience?: string;
  /** Also sends the audience as the registered claim `aud`, so that a server that ignores `bind` refuses the token. */
  readonly sendAudClaim?: boolean;
  /** What happens if a server refuses a token because of its time. With `false`, the caller gets every refusal. */
  readonly clock?: ClockOptions | false;
  /** Returns the current time in seconds since the epoch. Default: the wall clock. */
  readonly now?: () => number;
  /** Returns the seconds of a clock that is never set back. Default: the monotonic clock of the process. */
  readonly monotonic?: () => number;
}

export const SIGNING_OPTIONS: OptionKinds<SigningOptions> = {
  username: 'any',
  key: 'any',
  bind: 'any',
  audience: 'text',
  sendAudClaim: 'boolean',
  clock: 'any',
  now: 'function',
  monotonic: 'function',
};

/** One attempt at a request. Its token works once. */
interface Attempt {
  /** The value of the `Authorization` header. */
  readonly authorization: string;
  /** Learns from the response, and returns what to do next. */
  judge(response: ResponseHead): Verdict;
}

/**
 * Signs one attempt.
 *
 * @param target - the request-target as it is sent; by default, the path and the query of the URL
 * @param body - a `Uint8Array` or nothing, if the token is bound to the body; not used otherwise
 */
export type SignAttempt = (url: URL, method: string, target?: string, body?: unknown) => Attempt | Promise<Attempt>;

/**
 * Makes a function that signs attempts. The function remembers by how much the clocks of servers differ from this one.
 *
 * @param bodyMember - `digest` if the HTTP client passes the bytes of each body
 * @throws TypeError for an unknown or invalid option
 */
export function attemptSigner(options: SigningOptions, bodyMember?: 'digest'): SignAttempt {
  checkOptions(options, SIGNING_OPTIONS);
  const { username, key, bind = [], audience, sendAudClaim = false, clock = {} } = options;
  const now = clockOption(options.now);
  const monotonic = options.monotonic ?? monotonicClock;
  checkCaller(username, key);
  const members = bind === true ? BIND_MEMBERS : bind;
  checkArgument(Array.isArray(members), 'option bind', 'an array or true', bind);
  const supported = BIND_MEMBERS.filter((member) => member !== 'digest' || bodyMember);
  for (const member of members) {
    const is = supported.includes(member);
    if (!is) throw new TypeError(`option bind: ${String(member)} is not one of ${supported.join(', ')}`);
  }
  const bound = members.includes('aud');
  const needing = sendAudClaim ? 'sendAudClaim' : audience && 'audience';
  if (needing && !bound) throw new TypeError(`option ${needing}: needs bind: ['aud']`);
  if (clock !== false)
    checkArgument(typeof clock === 'object' && clock !== null, 'option clock', 'an object or false', clock);
  const clocks = clock === false ? undefined : new ServerClocks(clock, { now, monotonic });

  function bindTo(
    url: URL,
    method: string,
    target = url.pathname + url.search,
    digest = '',
  ): Record<string, string> | undefined {
    if (members.length === 0) return undefined;
    const all = { aud: audience ?? url.origin, htm: method, target, digest };
    return Object.fromEntries(members.map((member) => [member, all[member]]));
  }

  function sign(url: URL, method: string, target?: string, digest?: string): Attempt | Promise<Attempt> {
    const begun = clocks?.begin(url.origin);
    const time = now() + (begun?.offset ?? 0);
    const made = makeToken({ username, key, bind: bindTo(url, method, target, digest), sendAudClaim, time }, SCHEME);
    const attempt = (authorization: string): Attempt => {
      const sentAt = begun === undefined ? 0 : monotonic();
      return {
        authorization,
        judge: (response) => begun && clocks?.judge(url, { ...begun, sentAt }, bound, response),
      };
    };
    return andThen(made, attempt);
  }

  if (!members.includes('digest')) return (url, method, target) => sign(url, method, target);
  return async (url, method, target, body) => sign(url, method, target, await digestOf(body));
}

/** Returns `bind.digest` of a body. No body and an empty one have the same digest. */
async function digestOf(body: unknown): Promise<string> {
  const bytes = (body ?? new Uint8Array()) as Uint8Array<ArrayBuffer>;
  return encodeBytes(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

function monotonicClock(): number {
  return performance.now() / 1000;
}
