/** What the scripts of the Redis nonce store answer, and what Redis's errors mean. */
import { type ClaimOutcome, UnavailableError } from '../../core/contracts.ts';

/** An answer of `CLAIM` or `SETTLE`. */
export interface ScriptAnswer {
  readonly outcome: string;
  /** H, in 17 digits, which are exact. */
  readonly floor: string;
  /** Whether the bucket was last used on another incarnation of its server. */
  readonly changed: boolean;
  readonly incarnation: string;
}

/** Reads an answer; a server or proxy that answers anything else is not believed. */
export function readAnswer(reply: unknown): ScriptAnswer {
  if (!Array.isArray(reply) || reply.length !== 4) throw new UnavailableError('Redis gave an answer that is none');
  const [outcome, floor, changed, incarnation] = reply.map(String) as [string, string, string, string];
  return { outcome, floor, changed: changed === 'changed', incarnation };
}

const CLAIM_OUTCOMES: Readonly<Record<ClaimOutcome, true>> = {
  claimed: true,
  replayed: true,
  forgotten: true,
  rate_limited: true,
};

export function isClaimOutcome(outcome: string): outcome is ClaimOutcome {
  return Object.hasOwn(CLAIM_OUTCOMES, outcome);
}

/** What makes a server unfit to keep nonces, if anything, by the reply of `INSPECT`. */
export function faultOf(reply: unknown): string | undefined {
  const [missing, policy, named] = Array.isArray(reply) ? reply.map(String) : [];
  if (missing !== '') return `the Redis user lacks permissions: ACL SETUSER <user> ${missing}`;
  if (policy !== 'noeviction')
    return `Redis evicts (maxmemory-policy ${policy}); set its maxmemory-policy to noeviction`;
  if (named !== 'named')
    return 'INFO of this Redis has no run_id or no master_replid, by which a loss would be noticed';
  return undefined;
}

/** Errors that say too little about what to do. */
const ADVICE: readonly (readonly [beginning: RegExp, advice: string])[] = [
  [
    /^NOPERM|can't run this command|ACL failure/,
    "the Redis user lacks a permission: it needs +eval, +evalsha, the option's prefix as keys, and what open() names",
  ],
  [/compiling script/, 'Redis 7 or newer, or Valkey, is needed'],
  [/^OOM/, 'Redis is full: raise its maxmemory'],
];

/** Makes any failure the one that the path knows. It never says whether the nonce is spent: nobody knows. */
export function unavailable(error: unknown): UnavailableError {
  if (error instanceof UnavailableError) return error;
  const message = error instanceof Error ? error.message : 'Redis does not answer';
  const advice = ADVICE.find(([beginning]) => beginning.test(message))?.[1];
  return new UnavailableError(advice === undefined ? `Redis: ${message}` : `${advice} (${message})`, { cause: error });
}
