/** Checks the client's log: no token may be accepted twice, and every other response must be an allowed one. */

/** The replay key of a token, which may be claimed once. */
export interface SentToken {
  readonly username: string;
  /** Claimed time, in seconds since the epoch. */
  readonly time: number;
  readonly nonce: string;
}

/** One request and its response. Times are in seconds since the epoch by the client's clock. */
export interface Entry<Token extends SentToken = SentToken> {
  readonly token: Token;
  /** Index of the server. */
  readonly server: number;
  readonly sent: number;
  readonly done: number;
  /** Status of the response; `cut` if the connection was closed without a response, `silent` if none arrived before the deadline. */
  readonly status: number | 'cut' | 'silent';
  /** The `error` in the challenge. */
  readonly error?: string | undefined;
}

/** Two accepted requests with the same token, in order. */
export interface Double {
  readonly first: Entry;
  readonly second: Entry;
}

/** Allowed exceptions to the rule. */
export interface Allowance {
  /** Whether the documentation lists this double as a remainder. */
  isRemainder(double: Double): boolean;
  /** Whether connections may be closed without a response, because the fault hits the server itself. */
  readonly cuts: boolean;
  /** Maximum number of requests that may get no response, because their server was killed. */
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
  /** Longest time to a response, in seconds. */
  readonly slowest: number;
  readonly doubles: readonly Double[];
  readonly remainder: readonly Double[];
  /** Requests with a wrong response or no response. */
  readonly wrong: readonly Entry[];
}

/** Checks a whole log, in any order. */
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
      // The key begins with a length, so that different triples have different keys.
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

/** Returns a double for each accepted request of a token after its first. */
function pairsOf(entries: readonly Entry[]): Double[] {
  const inOrder = [...entries].sort((a, b) => a.done - b.done);
  return inOrder.slice(1).map((second, index) => ({ first: inOrder[index] as Entry, second }));
}
