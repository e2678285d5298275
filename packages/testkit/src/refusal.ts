/** Checks every refusal: its response, its log line, and that it used no nonce. */
import { expect, vi } from 'vitest';
import { MALFORMED, REASONS, type Reason, type ReasonEntry } from '../../lib/src/core/reasons.ts';
import { type Ajwtd, isRefusal, type LogLine, serve } from './ajwtd.ts';
import { type Answer, exchange, request } from './connection.ts';
import { seconds, UsedNonces } from './directory.ts';

/** Servers on one database, with checks of their refusals. */
export interface Watched {
  readonly servers: readonly Ajwtd[];
  readonly nonces: UsedNonces;
  close(): Promise<void>;
}

/**
 * Starts servers on one database. Each logs only a few refusals a second, so several servers check more refusals in less time.
 *
 * @param args - more options of `ajwtd serve`
 */
export async function watch(database: string, count = 1, args: readonly string[] = []): Promise<Watched> {
  const servers = await Promise.all(Array.from({ length: count }, () => serve({ database, args })));
  const nonces = new UsedNonces(database);
  return {
    servers,
    nonces,
    async close() {
      nonces.close();
      for (const server of servers) expect(await server.stop()).toEqual({ code: 0, signal: null });
    },
  };
}

/** Maximum number of lines per second that the server logs about requests without a valid signature. */
const LINES = 10;
/** The message of all refusals in steps 3 and 4. */
const SILENT = 'The token was not accepted; check the username, its registered key, and the signature.';

/**
 * Returns the response that spec/PROTOCOL.md §2.3 requires.
 *
 * @param outcome - the reason; if there is a detail, a space and the detail follow
 */
export function expectAnswer(answer: Answer, outcome: string): void {
  const [reason, detail] = outcome.split(' ') as [Reason, keyof typeof MALFORMED | undefined];
  const { step, status, error, message, callerMessage = message, retryAfter }: ReasonEntry = REASONS[reason];
  expect(answer.status, answer.head).toBe(status);
  const challenge = `JWT realm="api"${error === null ? '' : `, error="${error}"`}`;
  const clock = error === 'stale_time' ? ', server_time="\\d{10}\\.\\d{3}", tolerance="20"' : '';
  expect(answer.header('www-authenticate')).toMatch(new RegExp(`^${challenge}${clock}$`));
  expect(answer.header('cache-control')).toBe('no-store');
  expect(answer.header('content-type')).toBe('application/problem+json');
  expect(answer.header('retry-after')).toBe(retryAfter === undefined ? undefined : String(retryAfter));
  expect(JSON.parse(answer.text)).toEqual({
    type: 'about:blank',
    title: 'Unauthorized',
    status,
    ...(error === null ? {} : { error }),
    detail: step === 3 || step === 4 ? SILENT : detail === undefined ? beginning(callerMessage) : MALFORMED[detail],
    request_id: answer.header('x-request-id'),
  });
}

/** Matches a message that may end with a detail: the scheme, or members of `bind`. */
function beginning(message: string): unknown {
  return expect.stringContaining(message.slice(0, -1));
}

/** Sends a request that must be refused. Checks the response, the log, and that no nonce was used. */
export async function expectRefused(
  { servers, nonces }: Watched,
  bytes: string | Uint8Array,
  outcome: string,
  method = 'GET',
): Promise<Answer> {
  const server = await serverWithRoom(servers);
  const before = nonces.all();
  const from = server.log.length;
  const answer = await exchange(server.port, bytes, method);
  if (method !== 'HEAD') expectAnswer(answer, outcome);
  const { reason, detail } = await server.logged(isRefusal, from);
  expect([reason, detail].join(' ').trim()).toBe(outcome);
  expectNoSecrets(server.log.slice(from), bytes);
  expect(nonces.since(before), 'nonces that were spent').toEqual([]);
  return answer;
}

/** Sends a used token. Checks the response, and waits for the log line. */
export async function expectReplayed(server: Ajwtd, used: string): Promise<void> {
  // The server limits how many refusals of one user and key it logs per second.
  await serverWithRoom([server]);
  const from = server.log.length;
  expectAnswer(await exchange(server.port, request('/.ajwt/auth', [`Authorization: JWT ${used}`])), 'replayed');
  expect(await server.logged(isRefusal, from)).toMatchObject({ reason: 'replayed' });
}

/** Sends a valid request. Checks that it is accepted, and that one nonce was used. */
export async function expectAccepted(
  { servers, nonces }: Watched,
  good: string,
  why = 'a good request',
): Promise<void> {
  const before = nonces.all();
  const answer = await exchange((servers[0] as Ajwtd).port, request('/.ajwt/auth', [`Authorization: JWT ${good}`]));
  expect(answer.status, `${why}: ${answer.text}`).toBe(200);
  expect(nonces.since(before), 'nonces that were spent').toHaveLength(1);
}

/** Checks that no log line contains a segment of a token or the credentials of the header. */
function expectNoSecrets(lines: readonly LogLine[], bytes: string | Uint8Array): void {
  const written = lines.map((line) => JSON.stringify(line)).join('\n');
  expect(written).not.toMatch(/eyJ[\w-]{20,}/);
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  for (const line of text.matchAll(/\bJWT[ \t]+(.*)\r\n/g)) {
    for (const secret of (line[1] as string).split(/[.,\s]+/).filter((part) => part.length >= 40)) {
      expect(written).not.toContain(secret);
    }
  }
}

/** Waits until one of the servers can still log a refusal in the current second. @returns this server */
function serverWithRoom(servers: readonly Ajwtd[]): Promise<Ajwtd> {
  function hasRoom({ log }: Ajwtd): boolean {
    const second = new Date().toISOString().slice(0, 19);
    return log.filter((line) => isRefusal(line) && line.time.startsWith(second)).length < LINES;
  }
  return vi.waitUntil(() => servers.find(hasRoom), { timeout: 10_000, interval: 20 });
}

/**
 * Runs work that must start and end within the same second of the clock, such as a test of the limits of a token's time. If the work fails
 * because the second has ended, runs it again.
 *
 * @param work - called with seconds since the epoch
 */
export async function withinASecond({ servers }: Watched, work: (now: number) => Promise<void>): Promise<void> {
  for (;;) {
    await serverWithRoom(servers);
    const now = seconds();
    try {
      return await work(now);
    } catch (error) {
      if (seconds() === now) throw error;
    }
  }
}
