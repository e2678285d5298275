/** Nonces in Redis or Valkey (spec/PROTOCOL.md, replay rule): for all processes on all machines that share it. */
import { encodeBytes, sha256 } from '#engine';
import {
  type ClaimOutcome,
  type NonceClaim,
  type NonceStore,
  type Readiness,
  UnavailableError,
} from '../../core/contracts.ts';
import { Closing } from '../shared/closing.ts';
import { Deadline } from '../shared/deadline.ts';
import { type RedisClient, scriptRunner, type WaitedReply } from './client.ts';
import { type RedisNonceStoreOptions, readOptions } from './options.ts';
import { faultOf, isClaimOutcome, readAnswer, type ScriptAnswer, unavailable } from './replies.ts';
import { CLAIM, INSPECT, SETTLE } from './scripts.ts';
import { BUCKETS, BucketVisits } from './visits.ts';

export type { IoredisClient, NodeRedisClient, RedisClient } from './client.ts';
export type { RedisNonceStoreOptions } from './options.ts';

/** A nonce store that looks after its buckets once a second. */
export interface RedisNonceStore extends NonceStore {
  /** Ends that, at shutdown. The client stays open. */
  close(): void;
}

/** Milliseconds for `open()`. */
const OPENING = 5000;

/**
 * Makes a nonce store in Redis 7, Valkey, or newer: one server, one with Sentinel, or a cluster.
 *
 * What it promises: of all processes that share the prefix, exactly one gets a nonce. Whatever may have lost claims (a restart,
 * `FLUSHALL`, a failover, a fail-back, a slot that moved) changes the incarnation that a bucket of users has recorded; who finds
 * it so, a claim or a visit, refuses all tokens up to now, in the same atomic step. A store that is used for the first time does
 * so as well, as it looks like one that was flushed: it serves from the second after `open()` on.
 *
 * What it cannot promise, as Redis replicates asynchronously:
 *
 * - A token that was used before a loss, and whose time lies after the moment in which the loss was noticed (the clock of its
 *   client runs ahead, or those of the servers lag) works once more with `afterLoss: 'fresh'`; with `'quarantine'` it does not.
 * - **A split brain**: while an old master still answers some processes and a new one others, a token works once at each. `wait`
 *   and Redis's `min-replicas-to-write` make that time short; only a store with a single primary excludes it. Where several
 *   masters take writes by design (active-active), it has no end.
 * - A bucket, or a whole machine, that is put back from a copy and goes on as if it were the same (`RESTORE`, `SWAPDB`, a
 *   snapshot of a virtual machine).
 *
 * Where Redis is full, a replica, loading, broken or late, a claim is `unavailable`: whether the nonce is spent is unknown, and
 * nothing is tried again. That a client sends a command again after it lost its connection (`autoResendUnfulfilledCommands` of
 * `ioredis`) does no harm: if the first attempt claimed the nonce, the second one is `replayed`.
 *
 * @param client - of `ioredis` or of `redis`; give it a `socketTimeout`, so that it soon leaves a connection that is dead
 * @param options - {@link RedisNonceStoreOptions}
 * @returns a store whose `claim` and `open` reject with UnavailableError
 * @throws TypeError for an option that is unknown or out of its range; the message names it
 */
export function redisNonceStore(client: RedisClient, options: RedisNonceStoreOptions = {}): RedisNonceStore {
  const settings = readOptions(options);
  const { tolerance, margin, gap, quarantine, wait, now: clock, monotonic } = settings;
  const runner = scriptRunner(client);
  const deadline = new Deadline(settings.deadline);
  const visits = new BucketVisits({ inspect, settle, report, clock, monotonic });
  const closings = new Map<number, Closing>();
  let state: Readiness = { ready: false, reason: 'Redis was not asked yet' };
  /** The latest H that was seen in any bucket. */
  let latestFloor = 0;

  const keyOf = (bucket: number) => `${settings.prefix}${bucket}`;
  const clocks = (now: number) => [String(now), String(tolerance + margin), String(gap), settings.rise];

  function report(error: unknown): void {
    state = error === undefined ? READY : { ready: false, reason: unavailable(error).message };
  }

  async function inspect(bucket: number): Promise<void> {
    const fault = faultOf(await runner.run(INSPECT, keyOf(bucket), []));
    if (fault !== undefined) throw new UnavailableError(fault);
  }

  async function settle(bucket: number, now: number): Promise<ScriptAnswer> {
    const answer = readAnswer(await runner.run(SETTLE, keyOf(bucket), [...clocks(now), '']));
    await heed(bucket, answer, now);
    return answer;
  }

  /** What an answer tells beside its outcome. */
  async function heed(bucket: number, { outcome, floor }: ScriptAnswer, now: number): Promise<void> {
    if (outcome === 'gap') {
      throw new UnavailableError(`the clocks of this machine and of Redis lie more than ${gap} s apart; check both`);
    }
    if (outcome === 'closed' || closings.has(bucket)) return mend(bucket, floor, outcome === 'closed', now);
    latestFloor = Math.max(latestFloor, Number(floor));
  }

  /** An H in the far future would lock users out until then: after 2T + M it falls to now. */
  async function mend(bucket: number, floor: string, impossible: boolean, now: number): Promise<void> {
    const closing = closings.get(bucket) ?? new Closing(tolerance, margin, monotonic);
    closings.set(bucket, closing);
    const state = closing.check(Number(floor), now, impossible);
    if (state === 'over') await runner.run(SETTLE, keyOf(bucket), [...clocks(now), floor]);
    if (state !== 'closed') closings.delete(bucket);
  }

  /** A closing that has begun is asked about first, as the bucket alone does not know of it. */
  async function refuseClosed(bucket: number, now: number): Promise<void> {
    if (closings.has(bucket)) await settle(bucket, now);
    if (closings.has(bucket)) throw new UnavailableError(closedWhy());
  }

  async function decide({ username, time, nonce }: NonceClaim, now: number): Promise<ClaimOutcome> {
    if (!visits.usable) await visits.whenUsable(now);
    const user = sha256(username);
    const bucket = (((user[0] as number) << 8) | (user[1] as number)) % BUCKETS;
    await refuseClosed(bucket, now);
    const args = [
      ...clocks(now),
      String(time),
      recordOf(username, time, nonce),
      `u${encodeBytes(user.subarray(2, 10))}`,
      String(settings.perUser),
    ];
    const waited = wait === undefined ? undefined : await runner.runAndWait(CLAIM, keyOf(bucket), args, wait);
    const answer = readAnswer(waited === undefined ? await runner.run(CLAIM, keyOf(bucket), args) : waited.reply);
    await heed(bucket, answer, now);
    if (answer.changed) visits.suspect();

    const { outcome } = answer;
    if (outcome === 'closed') throw new UnavailableError(closedWhy());
    if (outcome === 'forgotten' && quarantine && Number(answer.floor) > now) throw new UnavailableError(LOST);
    if (!isClaimOutcome(outcome)) throw new UnavailableError('Redis gave an answer that is none');
    if (outcome === 'claimed' && waited !== undefined && !isReplicated(waited, answer.incarnation, wait?.replicas)) {
      throw new UnavailableError(
        'the claim is not on as many replicas as the option wait asks for; its nonce is spent',
      );
    }
    return outcome;
  }

  function closedWhy(): string {
    const rest = Math.max(0, ...[...closings.values()].map(({ rest }) => rest));
    return `H lies in the future for some users, as a clock was wrong: check the clocks; serving again in ${rest} s`;
  }

  return {
    tolerance,

    async open(now) {
      visits.begin();
      try {
        await new Deadline(OPENING).keep(() => visits.all(now));
        report(undefined);
      } catch (error) {
        report(error);
        throw unavailable(error);
      }
    },

    readiness(now) {
      if (closings.size > 0) return { ready: false, reason: closedWhy() };
      // An H that lies further ahead is one that has fallen.
      const recent = latestFloor <= now + tolerance + margin && Math.floor(now) <= Math.floor(latestFloor);
      if (state.ready && (recent || !visits.settled)) return { ready: false, reason: LOST };
      return state;
    },

    async claim(nonce, now) {
      visits.begin();
      try {
        const outcome = await deadline.keep(() => decide(nonce, now));
        report(undefined);
        return outcome;
      } catch (error) {
        report(error);
        throw unavailable(error);
      }
    },

    close: () => visits.end(),
  };
}

const READY: Readiness = { ready: true };
const LOST = 'claims may be lost; serving tokens of the seconds after that';

/** 128 bits of SHA-256 over the username with its length, the time and the nonce with its type. */
function recordOf(username: string, time: number, nonce: string | number): string {
  const tagged = typeof nonce === 'number' ? `#${nonce + 0}` : `"${nonce}`;
  return encodeBytes(sha256(`${username.length}:${username}${time}${tagged}`).subarray(0, 16));
}

/** `WAIT` counts for its connection only, and only if that is the one, to the very server, that ran the claim. */
function isReplicated({ replicas, sameConnection, runId }: WaitedReply, incarnation: string, wanted = 0): boolean {
  return sameConnection && runId !== '' && incarnation.slice(1, 21) === runId.slice(0, 20) && replicas >= wanted;
}
