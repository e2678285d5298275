/** Reads the replies of the scripts of the Redis nonce store, and explains Redis's errors. */
import { type ClaimOutcome, UnavailableError } from '../../core/contracts.ts';

/** What `CLAIM` or `SETTLE` replies about one bucket. */
export interface ScriptAnswer {
  readonly outcome: string;
  /** H, with 17 significant digits, which represent it exactly. */
  readonly floor: string;
  /** Whether the bucket had recorded another incarnation of its server. */
  readonly changed: boolean;
  readonly incarnation: string;
}

/** The number of strings in an answer, in addition to the incarnation, which comes once. */
const LENGTH = 3;

/**
 * Reads the reply of a script.
 *
 * @param count - the number of its keys
 * @throws UnavailableError for any other reply, such as one from a proxy
 */
export function readAnswers(reply: unknown, count: number): ScriptAnswer[] {
  if (!Array.isArray(reply) || reply.length !== 1 + count * LENGTH) throw unexpectedReply();
  const incarnation = String(reply[0]);
  return Array.from({ length: count }, (_, index) => {
    const at = 1 + index * LENGTH;
    return {
      outcome: String(reply[at]),
      floor: String(reply[at + 1]),
      changed: String(reply[at + 2]) === 'changed',
      incarnation,
    };
  });
}

/** Returns the error of a claim that failed within a group. @returns `undefined` if it did not fail */
export function failureOf({ outcome }: ScriptAnswer): Error | undefined {
  return outcome.startsWith(FAILED) ? new Error(outcome.slice(FAILED.length)) : undefined;
}
const FAILED = 'failed ';

export function unexpectedReply(): UnavailableError {
  return new UnavailableError('Redis sent an unexpected reply');
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

/** Reads the reply of `INSPECT`. @returns why the server cannot keep nonces; `undefined` if it can */
export function faultOf(reply: unknown): string | undefined {
  const [missing, policy, named] = Array.isArray(reply) ? reply.map(String) : [];
  if (missing !== '') return `the Redis user lacks permissions: ACL SETUSER <user> ${missing}`;
  if (policy !== 'noeviction')
    return `Redis evicts keys (maxmemory-policy ${policy}); set its maxmemory-policy to noeviction`;
  if (named !== 'named') return 'INFO of this Redis has no run_id or no master_replid, so a loss would go unnoticed';
  return undefined;
}

/**
 * Returns the code of an error reply: its first word (RESP). Clients use the reply as the message of the error.
 *
 * @returns `undefined` for other errors, such as a lost connection
 */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? /^[A-Z]+(?= |$)/.exec(error.message)?.[0] : undefined;
}

/** Whether a script failed with the general code `ERR`. */
export function isScriptFailure(error: unknown): boolean {
  return codeOf(error) === 'ERR';
}

/**
 * Whether a script failed, and did nothing, because its keys are on several servers of a cluster, or because some of them are being moved to
 * another one.
 */
export function isSpread(error: unknown): boolean {
  return ['CROSSSLOT', 'TRYAGAIN'].includes(codeOf(error) ?? '');
}

/** Explains errors of Redis, by code. */
const ADVICE: ReadonlyMap<string | undefined, string> = new Map([
  [
    'NOPERM',
    "the Redis user lacks a permission; it needs +eval, +evalsha, access to the keys with the store's prefix, and the commands that open() names",
  ],
  ['OOM', 'Redis is full; raise its maxmemory'],
]);

/** Converts any error to an UnavailableError. It does not say whether the nonce is spent, because that is unknown. */
export function unavailable(error: unknown): UnavailableError {
  if (error instanceof UnavailableError) return error;
  const message = error instanceof Error ? error.message : 'Redis does not respond';
  const advice = ADVICE.get(codeOf(error));
  return new UnavailableError(advice === undefined ? `Redis: ${message}` : `${advice} (${message})`, { cause: error });
}

/** @param error - the error of `INSPECT`: the server lacks a command or function that it uses */
export function scriptsNotSupported(error: unknown): UnavailableError {
  return new UnavailableError(
    `Redis cannot run the scripts of the nonce store, which need Redis 7 or newer, or Valkey (${(error as Error).message})`,
    {
      cause: error,
    },
  );
}
