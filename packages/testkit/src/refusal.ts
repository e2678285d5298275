/** What has to be so whenever a bad request comes: one place for all the lists. */
import { expect } from 'vitest';
import { MALFORMED, REASONS, type Reason, type ReasonEntry } from '../../lib/src/core/reasons.ts';
import { type Ajwtd, type LogLine, serve } from './ajwtd.ts';
import { type Answer, exchange, request } from './connection.ts';
import { seconds, UsedNonces } from './directory.ts';

/** Servers on one database, whose refusals are looked at from all sides. */
export interface Watched {
  readonly servers: readonly Ajwtd[];
  readonly nonces: UsedNonces;
  close(): Promise<void>;
}

/**
 * Starts servers on one database. Each writes a few refusals a second down, so that several prove more in less time.
 *
 * @param args - further options of `ajwtd serve`
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

/** Lines a second that the server writes for what no signature proves. */
const LINES = 10;
/** What steps 3 and 4 tell everybody alike. */
const SILENT =
  'The credential was not accepted; check the username, that its public key is registered, and the signature.';

/** The answer to a reason, as spec/PROTOCOL.md §2.3 has it; `outcome` is the reason, and what is malformed behind it. */
export function expectAnswer(answer: Answer, outcome: string): void {
  const [reason, detail] = outcome.split(' ') as [Reason, keyof typeof MALFORMED | undefined];
  const { step, status, error, message: sentence, retryAfter }: ReasonEntry = REASONS[reason];
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
    detail: step === 3 || step === 4 ? SILENT : detail === undefined ? sentence : MALFORMED[detail],
  });
}

/** Sends a request that must be refused; checks the answer, the log, and that no nonce was spent. */
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
  const { reason, detail } = await server.logged((line) => line.reason !== undefined, from);
  expect([reason, detail].join(' ').trim()).toBe(outcome);
  expectNoSecrets(server.log.slice(from), bytes);
  expect(nonces.since(before), 'nonces that were spent').toEqual([]);
  return answer;
}

/** Sends a token that was used, and checks the answer and the log; its line is there when this ends. */
export async function expectReplayed(server: Ajwtd, used: string): Promise<void> {
  const from = server.log.length;
  expectAnswer(await exchange(server.port, request('/.ajwt/auth', [`Authorization: JWT ${used}`])), 'replayed');
  expect(await server.logged((line) => line.reason !== undefined, from)).toMatchObject({ reason: 'replayed' });
}

/** Sends a good request, and checks that it is let in, and that one nonce is spent. */
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

/** No line has a segment of a token in it, nor what follows the scheme. */
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

/** A server that still writes its refusals down in this second; waits for one. */
async function serverWithRoom(servers: readonly Ajwtd[]): Promise<Ajwtd> {
  for (;;) {
    const second = new Date().toISOString().slice(0, 19);
    const free = servers.find(
      ({ log }) => log.filter(({ reason, time }) => reason !== undefined && time.startsWith(second)).length < LINES,
    );
    if (free !== undefined) return free;
    await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
  }
}

/**
 * Does what is right only while the clock shows one second, as on the edge of the window; anew where that second ended before it
 * was done.
 *
 * @param work - is given seconds since the epoch
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
