/** A connection between a store and its database: a scheduler delivers calls and replies in any order, or loses them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { NonceStore } from '../../../src/index.ts';
import type { IoredisClient } from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import type { SqlDatabase } from '../../../src/sql.ts';

/** The fate of a call. If its reply is lost, the server has still executed the call. */
export type Fate = 'answered' | 'never sent' | 'reply lost';

export const fates: fc.Arbitrary<Fate[]> = fc.array(
  fc.constantFrom<Fate>('answered', 'answered', 'never sent', 'reply lost'),
  { maxLength: 40 },
);

export class Wire {
  readonly #scheduler: fc.Scheduler;
  readonly #fates: Fate[];
  /** Calls without a reply yet; a failure is a reply too. */
  readonly #underWay = new Set<Promise<unknown>>();
  #held = false;

  /** @param fates - the fates of the first calls; all later calls get their replies */
  constructor(scheduler: fc.Scheduler, fates: readonly Fate[]) {
    this.#scheduler = scheduler;
    this.#fates = [...fates];
  }

  /** Makes one call; while the wire is held, waits until the scheduler releases it. */
  async carry<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (!this.#held) return call();
    const fate = this.#fates.shift();
    await this.#turn(`${what} is sent`);
    if (fate === 'never sent') throw new Error('the connection was lost before the call');
    const replying = call().then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    this.#underWay.add(replying);
    const answer = await replying;
    this.#underWay.delete(replying);
    await this.#turn(fate === 'reply lost' ? `${what} loses its reply` : `${what} gets its reply`);
    if (fate === 'reply lost') throw new Error('the connection was lost during the call');
    return answer();
  }

  /** Holds all calls that the work makes, and releases them one by one, even those still waiting when the work ends. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#held = true;
    const result = work();
    await this.#quiet();
    const done = await this.#scheduler.waitFor(result);
    await this.#scheduler.waitIdle();
    this.#held = false;
    return done;
  }

  /** Lets the scheduler choose only when all calls are waiting, so that its choice depends on the seed and not on a server's speed. */
  #turn(what: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), what, undefined, async (go) => {
      await go();
      await this.#quiet();
    });
  }

  async #quiet(): Promise<void> {
    do {
      await Promise.all(this.#underWay);
      await nextTurn();
    } while (this.#underWay.size > 0);
  }
}

/** Wraps a store that responds at once: each of its claims becomes a call. */
export function claimsOver(wire: Wire, store: NonceStore): NonceStore {
  return { ...store, claim: (...asked) => wire.carry('a claim', async () => store.claim(...asked)) };
}

/** Wraps a database: each of its statements becomes a call. */
export function statementsOver(wire: Wire, database: SqlDatabase): SqlDatabase {
  return {
    isTransaction: database.isTransaction,
    getExecutor: () => database.getExecutor(),
    executeQuery: (query) => wire.carry(firstWords(query.sql), () => database.executeQuery(query)),
  };
}

const firstWords = (sql: string) => sql.trim().split(/\s+/).slice(0, 3).join(' ');

/** Wraps an `ioredis` client: each script that it runs becomes a call. */
export function scriptsOver(wire: Wire, client: IoredisClient): IoredisClient {
  return {
    pipeline: (commands) => client.pipeline(commands),
    evalsha: (...words) => wire.carry('a script by name', () => client.evalsha(...words)),
    eval: (...words) => wire.carry('a script', () => client.eval(...words)),
  };
}
