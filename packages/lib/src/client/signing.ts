/** Signs the attempts of a request: what the fetch that signs and every HTTP library share. */
import { checkArgument } from '../core/arguments.ts';
import type { BindMember } from '../core/bind.ts';
import type { Signer } from '../core/contracts.ts';
import { andThen } from '../core/maybe-promise.ts';
import { checkOptions, clockOption, type OptionKinds } from '../core/options.ts';
import { type ClockOptions, ServerClocks, type Verdict } from './clock.ts';
import type { Answer } from './refusal.ts';
import { checkCaller, makeToken, SCHEME } from './token.ts';

/** Who signs, and what each token is bound to. */
export interface SigningOptions {
  readonly username: string;
  /** A `PrivateKey`, or any other signer. */
  readonly key: Signer;
  /** What each token is bound to: the service, the method, the request-target. Default: nothing, as the Python package does. */
  readonly bind?: readonly Exclude<BindMember, 'digest'>[];
  /** Who the service says it is, for `bind: ['aud']`; default the origin of the URL. */
  readonly audience?: string;
  /** Also sends the audience as the registered claim `aud`, so that a server that ignores `bind` refuses the token. */
  readonly sendAudClaim?: boolean;
  /** How a token that was refused for its time is made good; `false` hands each refusal on as it is. */
  readonly clock?: ClockOptions | false;
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

export const SIGNING_OPTIONS: OptionKinds<SigningOptions> = {
  username: 'any',
  key: 'any',
  bind: 'array',
  audience: 'text',
  sendAudClaim: 'boolean',
  clock: 'any',
  now: 'function',
  monotonic: 'function',
};

/** One attempt at a request: its token works once. */
interface Attempt {
  /** The value of the `Authorization` header. */
  readonly authorization: string;
  /** Learns from the answer, and says whether to try again. */
  judge(answer: Answer): Verdict;
}

/**
 * Signs one attempt after the other.
 *
 * @param target - the request-target as it is sent; default what a client makes of the URL
 */
export type SignAttempt = (url: URL, method: string, target?: string) => Attempt | Promise<Attempt>;

/**
 * Makes the function that signs attempts. It remembers what it has learnt about the clocks of servers.
 *
 * @throws TypeError for an option that is unknown or out of its range
 */
export function attemptSigner(options: SigningOptions): SignAttempt {
  checkOptions(options, SIGNING_OPTIONS);
  const { username, key, bind: members = [], audience, sendAudClaim = false, clock = {} } = options;
  const now = clockOption(options.now);
  const monotonic = options.monotonic ?? monotonicClock;
  checkCaller(username, key);
  for (const member of members) {
    const is = ['aud', 'htm', 'target'].includes(member);
    if (!is) throw new TypeError(`option bind: ${String(member)} is not one of aud, htm, target`);
  }
  const bound = members.includes('aud');
  const needing = sendAudClaim ? 'sendAudClaim' : audience && 'audience';
  if (needing && !bound) throw new TypeError(`option ${needing}: needs bind: ['aud']`);
  if (clock !== false)
    checkArgument(typeof clock === 'object' && clock !== null, 'option clock', 'an object or false', clock);
  const clocks = clock === false ? undefined : new ServerClocks(clock, { now, monotonic });

  function bindTo(url: URL, method: string, target = url.pathname + url.search): Record<string, string> | undefined {
    if (members.length === 0) return undefined;
    const all = { aud: audience ?? url.origin, htm: method, target };
    return Object.fromEntries(members.map((member) => [member, all[member]]));
  }

  return (url, method, target) => {
    const begun = clocks?.begin(url.origin);
    const time = now() + (begun?.offset ?? 0);
    const made = makeToken({ username, key, bind: bindTo(url, method, target), sendAudClaim, time }, SCHEME);
    const attempt = (authorization: string): Attempt => {
      const sentAt = begun === undefined ? 0 : monotonic();
      return {
        authorization,
        judge: (answer) => begun && clocks?.judge(url, { ...begun, sentAt }, bound, answer),
      };
    };
    return andThen(made, attempt);
  };
}

function monotonicClock(): number {
  return performance.now() / 1000;
}
