/**
 * Batches requests that arrive in one turn of the event loop: all are read, then all are decided, then all responses are written.
 * This is faster, because the code of each step stays in the processor's caches (docs/BENCHMARKS.md). A single request does not wait.
 *
 * Each turn decides a limited number of requests, and client addresses take turns. Node accepts one new connection a turn, so turns
 * with a new connection decide fewer requests; otherwise a new connection would wait for seconds during a flood.
 */
import { FairLine } from '../nonces/fair-line.ts';

/** Maximum number of decisions in a turn, and in a turn that accepted a connection. */
const MOST = 64;
const MOST_WITH_NEWCOMERS = 4;

export interface Turns {
  /**
   * Waits until the other requests of this turn have been read.
   *
   * @param group - usually the client's address; groups take turns
   */
  othersAreRead(group?: string): Promise<void>;
  /** Called after each accepted connection. */
  accepted(): void;
}

export function makeTurns(most = MOST, mostWithNewcomers = MOST_WITH_NEWCOMERS): Turns {
  const line = new FairLine<() => void>();
  let isPlanned = false;
  let hasNewcomers = false;

  function decideSome(): void {
    const some = hasNewcomers ? mostWithNewcomers : most;
    hasNewcomers = false;
    for (let count = 0; count < some; count++) line.next()?.();
    isPlanned = !line.isEmpty;
    if (isPlanned) setImmediate(decideSome);
  }

  return {
    othersAreRead: (group = '') =>
      new Promise((resolve) => {
        line.add(group, resolve);
        if (!isPlanned) setImmediate(decideSome);
        isPlanned = true;
      }),
    accepted() {
      hasNewcomers = true;
    },
  };
}
