/** What the client's log says: whether a token was let in twice, and whether every other answer was one that may be given. */

/** What is claimed once: the replay key, and who may know what of it. */
export interface SentToken {
  readonly username: string;
  /** Claimed time, in seconds since the epoch. */
  readonly time: number;
  readonly nonce: string;
}

/** One request, and what came back. Times are in seconds since the epoch by the client's clock. */
export interface Entry<Token extends SentToken = SentToken> {
  readonly token: Token;
  /** Which of the servers was asked. */
  readonly server: number;
  readonly sent: number;
  readonly done: number;
  /** Status of the answer; `cut` = the connection ended without one; `silent` = none until the deadline. */
  readonly status: number | 'cut' | 'silent';
  /** Which error the challenge named. */
  readonly error?: string | undefined;
}

/** Two requests with one token that were both let in, one after the other. */
export interface Double {
  readonly first: Entry;
  readonly second: Entry;
}

/** What is allowed beside the rule. */
export interface Allowance {
  /** Whether the documents name this double as what the store leaves. */
  isRemainder(double: Double): boolean;
  /** Whether connections may end without an answer, as the server itself is hit. */
  readonly cuts: boolean;
  /** How many requests may stay without an answer, as a server was killed that they were on their way to. */
  readonly silent?: number;
}

export interface Verdict {
  readonly requests: number;
  readonly accepted: number;
  readonly refused: number;
  readonly limited: number;
  readonly unavailable: number;
  readonly cut: number;
  readonly silent: number;
  /** The longest that an answer took, in seconds. */
  readonly slowest: number;
  readonly doubles: readonly Double[];
  readonly remainder: readonly Double[];
  /** Requests with an answer that may not be given, or with none. */
  readonly wrong: readonly Entry[];
}

/** Reads a whole log, in whatever order it was written. */
export function checkLog(log: readonly Entry[], { isRemainder, cuts, silent = 0 }: Allowance): Verdict {
  const letIn = new Map<string, Entry[]>();
  const counts = new Map<Entry['status'], number>();
  const wrong: Entry[] = [];
  let slowest = 0;
  const isAllowed = (status: Entry['status']) =>
    status === 'silent' ? (counts.get(status) ?? 0) <= silent : MAY_BE.has(status) || (status === 'cut' && cuts);
  for (const entry of log) {
    const { token, status } = entry;
    counts.set(status, (counts.get(status) ?? 0) + 1);
    if (status === 200) {
      // Lengths first, so that no two triples look alike.
      const key = `${token.username.length}:${token.username}${token.time}:${token.nonce}`;
      letIn.set(key, [...(letIn.get(key) ?? []), entry]);
    } else if (!isAllowed(status)) wrong.push(entry);
    if (typeof status === 'number') slowest = Math.max(slowest, entry.done - entry.sent);
  }
  const pairs = [...letIn.values()].flatMap(pairsOf);
  const count = (status: Entry['status']) => counts.get(status) ?? 0;
  return {
    requests: log.length,
    accepted: count(200),
    refused: count(401),
    limited: count(429),
    unavailable: count(503),
    cut: count('cut'),
    silent: count('silent'),
    slowest,
    doubles: pairs.filter((pair) => !isRemainder(pair)),
    remainder: pairs.filter(isRemainder),
    wrong,
  };
}

const MAY_BE: ReadonlySet<Entry['status']> = new Set([401, 429, 503]);

/** Each 200 of one token with the one before it. */
function pairsOf(entries: readonly Entry[]): Double[] {
  const inOrder = [...entries].sort((a, b) => a.done - b.done);
  return inOrder.slice(1).map((second, index) => ({ first: inOrder[index] as Entry, second }));
}
