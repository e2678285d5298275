/** The way from a store to what it keeps nonces in, in the hands of a scheduler: calls and answers arrive in any order, or not at all. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { NonceStore } from '../../../src/index.ts';
import type { IoredisClient } from '../../../src/nonce-stores/redis/redis-nonce-store.ts';
import type { SqlDatabase } from '../../../src/sql.ts';

/** What becomes of a call. Where its answer is lost, it was done. */
export type Fate = 'answered' | 'never sent' | 'answer lost';

export const fates: fc.Arbitrary<Fate[]> = fc.array(
  fc.constantFrom<Fate>('answered', 'answered', 'never sent', 'answer lost'),
  { maxLength: 40 },
);

export class Wire {
  readonly #scheduler: fc.Scheduler;
  readonly #fates: Fate[];
  #underWay = 0;
  #held = false;

  /** @param fates - of the first calls; all later ones are answered */
  constructor(scheduler: fc.Scheduler, fates: readonly Fate[]) {
    this.#scheduler = scheduler;
    this.#fates = [...fates];
  }

  /** Makes one call; while the wire is held, when the scheduler says so. */
  async carry<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (!this.#held) return call();
    const fate = this.#fates.shift();
    await this.#turn(`${what} goes out`);
    if (fate === 'never sent') throw new Error('the connection was lost before');
    this.#underWay += 1;
    const answer = await call().then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    this.#underWay -= 1;
    await this.#turn(fate === 'answer lost' ? `${what} was done` : `${what} is answered`);
    if (fate === 'answer lost') throw new Error('the connection was lost meanwhile');
    return answer();
  }

  /** Holds all calls that the work makes, lets them go one by one until the work is done, and then what it has left behind. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#held = true;
    const result = work();
    await this.#quiet();
    const done = await this.#scheduler.waitFor(result);
    await this.#scheduler.waitIdle();
    this.#held = false;
    return done;
  }

  /** The next choice is made when all have come to where they wait: it then depends on the seed alone, not on how fast a server is. */
  #turn(what: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), what, undefined, async (go) => {
      await go();
      await this.#quiet();
    });
  }

  async #quiet(): Promise<void> {
    do await nextTurn();
    while (this.#underWay > 0);
  }
}

/** A store that answers at once: its claim is the call. */
export function claimsOver(wire: Wire, store: NonceStore): NonceStore {
  return { ...store, claim: (...asked) => wire.carry('a claim', async () => store.claim(...asked)) };
}

/** A database whose statements are the calls. */
export function statementsOver(wire: Wire, database: SqlDatabase): SqlDatabase {
  return {
    isTransaction: database.isTransaction,
    getExecutor: () => database.getExecutor(),
    executeQuery: (query) => wire.carry(firstWords(query.sql), () => database.executeQuery(query)),
  };
}

const firstWords = (sql: string) => sql.trim().split(/\s+/).slice(0, 3).join(' ');

/** A client of `ioredis` whose scripts are the calls. */
export function scriptsOver(wire: Wire, client: IoredisClient): IoredisClient {
  return {
    pipeline: (commands) => client.pipeline(commands),
    evalsha: (...words) => wire.carry('a script by name', () => client.evalsha(...words)),
    eval: (...words) => wire.carry('a script', () => client.eval(...words)),
  };
}
