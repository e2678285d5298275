/**
 * Stores used nonces in Redis or Valkey (spec/PROTOCOL.md §4). Use it if processes on several machines accept the
 * same tokens.
 */
import { encodeBytes, sha256 } from '#engine';
import {
  type ClaimOutcome,
  type NonceClaim,
  type NonceStore,
  type Readiness,
  UnavailableError,
} from '../../core/contracts.ts';
import { checkTimes } from '../shared/check-times.ts';
import { Closing } from '../shared/closing.ts';
import { CLOSED, Lifetime } from '../shared/lifetime.ts';
import { replayKey } from '../shared/replay-key.ts';
import { ClaimGroups, type ClaimReply, type RedisClaim } from './claim-groups.ts';
import { type RedisClient, scriptRunner, type WaitedReply } from './client.ts';
import { Deadline } from './deadline.ts';
import { type RedisNonceStoreOptions, readOptions } from './options.ts';
import {
  failureOf,
  faultOf,
  isClaimOutcome,
  isScriptFailure,
  readAnswers,
  type ScriptAnswer,
  scriptsNotSupported,
  unavailable,
  unexpectedReply,
} from './replies.ts';
import { CLAIM, INSPECT, SETTLE } from './scripts.ts';
import { BUCKETS, BucketVisits } from './visits.ts';

export type { IoredisClient, NodeRedisClient, RedisClient } from './client.ts';
export type { RedisNonceStoreOptions } from './options.ts';

/** A nonce store that checks some of its buckets every second. */
export interface RedisNonceStore extends NonceStore {
  /** Stops the checks, and waits for claims in flight. Disconnect the client yourself afterwards. */
  close(): Promise<void>;
}

/** Time limit for `open()`, in milliseconds. */
const OPENING_MS = 5000;

/**
 * Creates a nonce store in Redis 7 or newer, or in Valkey: one server, servers with Sentinel, or a cluster.
 *
 * Of all processes that share the prefix, exactly one can claim a nonce. Each bucket of users records the incarnation of its server. After
 * anything that may have lost claims (a restart, `FLUSHALL`, a failover, a fail-back, a moved slot), the record is missing or out of date.
 * The claim or check that notices this refuses all tokens dated up to now, in the same atomic step. A new store looks like a flushed one,
 * so it accepts tokens only from the second after `open()`.
 *
 * Redis replicates asynchronously. This leaves three cases in which a token works more than once:
 *
 * - With `afterLoss: 'fresh'`, a token that was used before a loss and is dated after the store noticed it, because the client's clock is
 *   ahead or the servers' clocks are behind. `'quarantine'` prevents this.
 * - **A split brain**: while some processes use an old master and others a new one, a token works once at each. `wait` and Redis's
 *   `min-replicas-to-write` shorten that time; only a store with a single primary rules this case out. In an active-active setup, several
 *   masters always accept writes, so this case lasts forever.
 * - A bucket or a machine that is restored from a copy and keeps its incarnation (`RESTORE`, `SWAPDB`, a snapshot of a virtual machine).
 *
 * If Redis is full, is a replica, is loading, fails or responds too late, a claim is `unavailable`. It is then unknown
 * whether the nonce is spent, so the store does not repeat the claim. A client may send a command again after it lost
 * its connection (`autoResendUnfulfilledCommands` of `ioredis`): if the first attempt claimed the nonce, the second is
 * `replayed`.
 *
 * @example
 * ```ts no-run: needs Redis
 * import { redisNonceStore } from 'asymmetric-jwt-auth/redis';
 * import { Redis } from 'ioredis';
 *
 * const redis = new Redis('redis://127.0.0.1:6379', { socketTimeout: 2000 });
 * redis.on('error', console.error);
 * const nonces = redisNonceStore(redis);
 * await nonces.open(Date.now() / 1000);
 * console.log(nonces.readiness(Date.now() / 1000)); // { ready: true } as soon as the next second begins
 * await nonces.close();
 * redis.disconnect();
 * ```
 *
 * @param client - a client of `ioredis` or `redis`; set its `socketTimeout`, so that it soon drops a dead connection
 * @param options - {@link RedisNonceStoreOptions}
 * @returns a store whose `claim` and `open` reject with UnavailableError
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function redisNonceStore(client: RedisClient, options: RedisNonceStoreOptions = {}): RedisNonceStore {
  const settings = readOptions(options);
  const { tolerance, clockMargin, gap, rise, wait, now: clock, monotonic } = settings;
  const runner = scriptRunner(client);
  const deadline = new Deadline(settings.deadlineMs);
  /** Does work, and waits for it until `performance.now()` reaches `end`. */
  const before = <T>(end: number, work: () => Promise<T>, claims = 1) =>
    deadline.keep(work, end - performance.now(), claims);
  const groups = new ClaimGroups((claims, end) => before(end, () => send(claims), claims.length), settings.deadlineMs);
  const visits = new BucketVisits({ inspect, settle, report, clock, monotonic });
  const closings = new Map<number, Closing>();
  const lifetime = new Lifetime();
  let state: Readiness = { ready: false, reason: 'Redis has not been checked yet' };
  /** The latest H that any bucket has had so far. */
  let latestFloor = 0;

  const keyOf = (bucket: number) => `${settings.prefix}${bucket}`;
  /** The first arguments of `CLAIM` and `SETTLE`. */
  const rule = [String(tolerance + clockMargin), String(gap), rise === Number.NEGATIVE_INFINITY ? '' : String(rise)];

  function report(error: unknown): void {
    state = error === undefined ? READY : { ready: false, reason: unavailable(error).message };
  }

  async function inspect(bucket: number): Promise<void> {
    let reply: unknown;
    try {
      reply = await runner.run(INSPECT, [keyOf(bucket)], []);
    } catch (error) {
      throw isScriptFailure(error) ? scriptsNotSupported(error) : error;
    }
    const fault = faultOf(reply);
    if (fault !== undefined) throw new UnavailableError(fault);
  }

  /** Waits for the reply of a script. If the script failed, inspects the server again, because it may have become unfit. */
  async function explained<Reply>(bucket: number, reply: Promise<Reply>): Promise<Reply> {
    try {
      return await reply;
    } catch (error) {
      if (isScriptFailure(error)) await inspect(bucket);
      throw error;
    }
  }

  /** @param floor - the H that may fall to now, or an empty string */
  async function runSettle(bucket: number, now: number, floor: string): Promise<ScriptAnswer> {
    const reply = await explained(bucket, runner.run(SETTLE, [keyOf(bucket)], [...rule, String(now), floor]));
    return readAnswers(reply, 1)[0] as ScriptAnswer;
  }

  async function settle(bucket: number, now: number): Promise<ScriptAnswer> {
    const answer = await runSettle(bucket, now, '');
    await heed(bucket, answer, now);
    return answer;
  }

  /** Handles what a script reports about the bucket. @returns a promise if H is in the far future */
  function heed(bucket: number, { outcome, floor }: ScriptAnswer, now: number): Promise<void> | undefined {
    if (outcome === 'gap') {
      throw new UnavailableError(
        `the clocks of this machine and of Redis are more than ${gap} s apart; set both clocks`,
      );
    }
    if (outcome === 'closed' || closings.has(bucket)) return checkFloor(bucket, floor, outcome === 'closed', now);
    latestFloor = Math.max(latestFloor, Number(floor));
    return undefined;
  }

  /** Closes a bucket whose H is in the far future, and lowers H to now after 2T + M. Otherwise its users would be locked out until H. */
  async function checkFloor(bucket: number, floor: string, impossible: boolean, now: number): Promise<void> {
    const closing = closings.get(bucket) ?? new Closing(tolerance, clockMargin, monotonic);
    closings.set(bucket, closing);
    const state = closing.check(Number(floor), now, impossible);
    if (state === 'over') await runSettle(bucket, now, floor);
    if (state !== 'closed') closings.delete(bucket);
  }

  /** Refuses claims on a closed bucket. Redis does not store that a bucket is closed, so this process reads H before each claim. */
  async function refuseClosed(bucket: number, now: number): Promise<void> {
    await settle(bucket, now);
    if (closings.has(bucket)) throw new UnavailableError(closedUntil());
  }

  /** Sends claims in one script. */
  async function send(claims: readonly RedisClaim[]): Promise<ClaimReply[]> {
    const [{ bucket }] = claims as readonly [RedisClaim];
    const keys = claims.map((claim) => keyOf(claim.bucket));
    const args = [...rule, String(settings.maxClaimsPerSecond), ...claims.flatMap((claim) => claim.args)];
    const waited = wait && (await explained(bucket, runner.runAndWait(CLAIM, keys, args, wait)));
    const reply = waited === undefined ? await explained(bucket, runner.run(CLAIM, keys, args)) : waited.reply;
    const answers = readAnswers(reply, claims.length);
    const isSafe = waited === undefined || isReplicated(waited, answers[0]?.incarnation, wait?.replicas);
    return answers.map((answer) => {
      if (answer.outcome === 'claimed' && !isSafe) return new UnavailableError(TOO_FEW_REPLICAS);
      return failureOf(answer) ?? answer;
    });
  }

  async function decide({ username, time, nonce }: NonceClaim, now: number): Promise<ClaimOutcome> {
    const end = performance.now() + settings.deadlineMs;
    if (!visits.usable) await before(end, () => visits.whenUsable(now));
    const user = sha256(username);
    const bucket = (((user[0] as number) << 8) | (user[1] as number)) % BUCKETS;
    if (closings.has(bucket)) await before(end, () => refuseClosed(bucket, now));
    checkTimes(time, now);
    const record = encodeBytes(replayKey(username, nonce, time));
    const args = [String(now), String(time), record, `u${encodeBytes(user.subarray(2, 10))}`];
    const answer = await groups.add({ bucket, args }, end);
    if (answer instanceof Error) return before(end, () => explained(bucket, Promise.reject(answer)));
    const checking = heed(bucket, answer, now);
    if (checking !== undefined) await before(end, () => checking);
    if (answer.changed) visits.suspect();

    const { outcome } = answer;
    if (outcome === 'closed') throw new UnavailableError(closedUntil());
    if (outcome === 'forgotten' && rise > 0 && Number(answer.floor) > now) throw new UnavailableError(LOST);
    if (!isClaimOutcome(outcome)) throw unexpectedReply();
    return outcome;
  }

  function closedUntil(): string {
    const rest = Math.max(0, ...[...closings.values()].map(({ rest = 0 }) => rest));
    return `a wrong clock has locked out some users; check the clocks; serving them again in ${rest} s`;
  }

  /** Does work with Redis, and reports whether it failed. */
  async function reported<T>(work: () => Promise<T>): Promise<T> {
    visits.begin();
    try {
      const result = await work();
      report(undefined);
      return result;
    } catch (error) {
      report(error);
      throw unavailable(error);
    }
  }

  return {
    tolerance,
    open: (now) => lifetime.run(() => reported(() => new Deadline(OPENING_MS).keep(() => visits.all(now), OPENING_MS))),
    claim: (nonce, now) => lifetime.run(() => reported(() => decide(nonce, now))),

    readiness(now) {
      if (lifetime.isOver) return CLOSED;
      if (closings.size > 0) return { ready: false, reason: closedUntil() };
      // If H is further ahead, its bucket was closed, and H has been lowered since.
      const isRecent = latestFloor <= now + tolerance + clockMargin && Math.floor(now) <= Math.floor(latestFloor);
      if (state.ready && (isRecent || !visits.settled)) return { ready: false, reason: LOST };
      return state;
    },

    close() {
      visits.end();
      return lifetime.end();
    },
  };
}

const READY: Readiness = { ready: true };
const TOO_FEW_REPLICAS = 'fewer replicas than wait.replicas have the claim; its nonce is spent';
const LOST = 'earlier claims may be lost; serving again from the next second';

/** `WAIT` waits only for commands of its own connection. It must therefore run on the same server and connection as the claim. */
function isReplicated({ replicas, sameConnection, runId }: WaitedReply, incarnation = '', wanted = 0): boolean {
  return sameConnection && runId !== '' && incarnation.slice(1, 21) === runId.slice(0, 20) && replicas >= wanted;
}
