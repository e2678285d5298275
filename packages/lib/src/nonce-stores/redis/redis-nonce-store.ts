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
import { Closing } from '../shared/closing.ts';
import { CLOSED, Lifetime } from '../shared/lifetime.ts';
import { replayKey } from '../shared/replay-key.ts';
import { type RedisClient, scriptRunner, type WaitedReply } from './client.ts';
import { Deadline } from './deadline.ts';
import { type RedisNonceStoreOptions, readOptions } from './options.ts';
import {
  faultOf,
  isClaimOutcome,
  isScriptFailure,
  readAnswer,
  type ScriptAnswer,
  scriptsNotSupported,
  unavailable,
  unexpectedReply,
} from './replies.ts';
import { CLAIM, INSPECT, type RedisScript, SETTLE } from './scripts.ts';
import { BUCKETS, BucketVisits } from './visits.ts';

export type { IoredisClient, NodeRedisClient, RedisClient } from './client.ts';
export type { RedisNonceStoreOptions } from './options.ts';

/** A nonce store that checks its buckets once a second. */
export interface RedisNonceStore extends NonceStore {
  /** Stops the checks, and waits for claims in flight. Disconnect the client afterwards: it is yours. */
  close(): Promise<void>;
}

/** Milliseconds for `open()`. */
const OPENING_MS = 5000;

/**
 * Creates a nonce store in Redis 7, Valkey, or newer: one server, one with Sentinel, or a cluster.
 *
 * Exactly one of all processes that share the prefix gets a nonce. Anything that may have lost claims (a restart, `FLUSHALL`, a
 * failover, a fail-back, a slot that moved) changes the incarnation that a bucket of users has recorded. The claim or check that
 * notices this refuses all tokens up to now, in the same atomic step. So does a new store, because it looks like a flushed one: it
 * serves from the second after `open()` on.
 *
 * Redis replicates asynchronously. This leaves three exceptions:
 *
 * - With `afterLoss: 'fresh'`, a token works once more if it was used before the loss and is dated after the moment at which the loss
 *   was noticed, because the client's clock is ahead or those of the servers are behind. With `'quarantine'` it does not.
 * - **A split brain**: while some processes use an old master and others a new one, a token works once at each. `wait` and Redis's
 *   `min-replicas-to-write` make that time short; only a store with a single primary rules it out. In an active-active setup, where
 *   several masters accept writes, it never ends.
 * - A bucket, or a whole machine, that is restored from a copy and continues as if it were the same (`RESTORE`, `SWAPDB`, a snapshot
 *   of a virtual machine).
 *
 * If Redis is full, a replica, loading, broken or late, a claim is `unavailable`: whether the nonce is spent is unknown, and the claim
 * is not repeated. A client may send a command again after it lost its connection (`autoResendUnfulfilledCommands` of `ioredis`): if
 * the first attempt claimed the nonce, the second is `replayed`.
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
 * console.log(nonces.readiness(Date.now() / 1000)); // { ready: true } from the next second on
 * await nonces.close();
 * redis.disconnect();
 * ```
 *
 * @param client - of `ioredis` or `redis`; give it a `socketTimeout`, so that it soon drops a dead connection
 * @param options - {@link RedisNonceStoreOptions}
 * @returns a store whose `claim` and `open` reject with UnavailableError
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function redisNonceStore(client: RedisClient, options: RedisNonceStoreOptions = {}): RedisNonceStore {
  const settings = readOptions(options);
  const { tolerance, clockMargin, gap, rise, wait, now: clock, monotonic } = settings;
  const runner = scriptRunner(client);
  const deadline = new Deadline(settings.deadlineMs);
  const visits = new BucketVisits({ inspect, settle, report, clock, monotonic });
  const closings = new Map<number, Closing>();
  const lifetime = new Lifetime();
  let state: Readiness = { ready: false, reason: 'Redis has not been asked yet' };
  /** The latest H that was seen in any bucket. */
  let latestFloor = 0;

  const keyOf = (bucket: number) => `${settings.prefix}${bucket}`;
  /** The first arguments of `CLAIM` and `SETTLE`. */
  const clocks = (now: number) => [
    String(now),
    String(tolerance + clockMargin),
    String(gap),
    rise === Number.NEGATIVE_INFINITY ? '' : String(rise),
  ];

  function report(error: unknown): void {
    state = error === undefined ? READY : { ready: false, reason: unavailable(error).message };
  }

  async function inspect(bucket: number): Promise<void> {
    let reply: unknown;
    try {
      reply = await runner.run(INSPECT, keyOf(bucket), []);
    } catch (error) {
      throw isScriptFailure(error) ? scriptsNotSupported(error) : error;
    }
    const fault = faultOf(reply);
    if (fault !== undefined) throw new UnavailableError(fault);
  }

  /** Waits for the reply of a script. If the script failed, looks whether the server has become unfit since it was inspected. */
  async function explained<Reply>(bucket: number, reply: Promise<Reply>): Promise<Reply> {
    try {
      return await reply;
    } catch (error) {
      if (isScriptFailure(error)) await inspect(bucket);
      throw error;
    }
  }
  const run = (script: RedisScript, bucket: number, args: readonly string[]) =>
    explained(bucket, runner.run(script, keyOf(bucket), args));

  async function settle(bucket: number, now: number): Promise<ScriptAnswer> {
    const answer = readAnswer(await run(SETTLE, bucket, [...clocks(now), '']));
    await heed(bucket, answer, now);
    return answer;
  }

  /** Acts on what an answer says about the bucket. */
  async function heed(bucket: number, { outcome, floor }: ScriptAnswer, now: number): Promise<void> {
    if (outcome === 'gap') {
      throw new UnavailableError(
        `the clocks of this machine and of Redis are more than ${gap} s apart; set both clocks`,
      );
    }
    if (outcome === 'closed' || closings.has(bucket)) return checkFloor(bucket, floor, outcome === 'closed', now);
    latestFloor = Math.max(latestFloor, Number(floor));
  }

  /** An H in the far future would lock users out until then: after 2T + M it falls to now. */
  async function checkFloor(bucket: number, floor: string, impossible: boolean, now: number): Promise<void> {
    const closing = closings.get(bucket) ?? new Closing(tolerance, clockMargin, monotonic);
    closings.set(bucket, closing);
    const state = closing.check(Number(floor), now, impossible);
    if (state === 'over') await run(SETTLE, bucket, [...clocks(now), floor]);
    if (state !== 'closed') closings.delete(bucket);
  }

  /** Only this process knows that it has closed a bucket, so it asks about H before a claim. */
  async function refuseClosed(bucket: number, now: number): Promise<void> {
    if (closings.has(bucket)) await settle(bucket, now);
    if (closings.has(bucket)) throw new UnavailableError(closedUntil());
  }

  async function decide({ username, time, nonce }: NonceClaim, now: number): Promise<ClaimOutcome> {
    if (!visits.usable) await visits.whenUsable(now);
    const user = sha256(username);
    const bucket = (((user[0] as number) << 8) | (user[1] as number)) % BUCKETS;
    await refuseClosed(bucket, now);
    const args = [
      ...clocks(now),
      String(time),
      encodeBytes(replayKey(username, nonce, time)),
      `u${encodeBytes(user.subarray(2, 10))}`,
      String(settings.maxClaimsPerSecond),
    ];
    const waited = wait && (await explained(bucket, runner.runAndWait(CLAIM, keyOf(bucket), args, wait)));
    const answer = readAnswer(waited === undefined ? await run(CLAIM, bucket, args) : waited.reply);
    await heed(bucket, answer, now);
    if (answer.changed) visits.suspect();

    const { outcome } = answer;
    if (outcome === 'closed') throw new UnavailableError(closedUntil());
    if (outcome === 'forgotten' && rise > 0 && Number(answer.floor) > now) throw new UnavailableError(LOST);
    if (!isClaimOutcome(outcome)) throw unexpectedReply();
    if (outcome === 'claimed' && waited !== undefined && !isReplicated(waited, answer.incarnation, wait?.replicas)) {
      throw new UnavailableError('fewer replicas than wait.replicas have the claim; its nonce is spent');
    }
    return outcome;
  }

  function closedUntil(): string {
    const rest = Math.max(0, ...[...closings.values()].map(({ rest = 0 }) => rest));
    return `a wrong clock put the floor of some users into the future; check the clocks; serving again in ${rest} s`;
  }

  /** Does work with Redis, and remembers whether it failed. */
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
    open: (now) => lifetime.run(() => reported(() => new Deadline(OPENING_MS).keep(() => visits.all(now)))),
    claim: (nonce, now) => lifetime.run(() => reported(() => deadline.keep(() => decide(nonce, now)))),

    readiness(now) {
      if (lifetime.isOver) return CLOSED;
      if (closings.size > 0) return { ready: false, reason: closedUntil() };
      // An H that is further ahead has fallen since.
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
const LOST = 'earlier claims may be lost; serving tokens from the next second on';

/** `WAIT` counts for its own connection only. That must be the one, to the same server, that ran the claim. */
function isReplicated({ replicas, sameConnection, runId }: WaitedReply, incarnation: string, wanted = 0): boolean {
  return sameConnection && runId !== '' && incarnation.slice(1, 21) === runId.slice(0, 20) && replicas >= wanted;
}
