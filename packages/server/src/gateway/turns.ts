/**
 * Requests that arrive in one turn of the event loop are decided together: all are read, then all are decided, then all are answered.
 * A processor does a step sooner while its caches still hold the code (docs/BENCHMARKS.md); a lone request waits for nothing.
 *
 * Each turn decides some, of each client address in turn. Node accepts one new connection in a turn: while there are new ones, turns
 * are short, or a new connection would wait for seconds behind those of a flood.
 */
import { FairLine } from '../nonces/fair-line.ts';

/** Most decisions of one turn, and of one in which a connection was accepted. */
const MOST = 64;
const MOST_WITH_NEWCOMERS = 4;

export interface Turns {
  /**
   * Waits until the others of this turn have been read.
   *
   * @param group - the address of the client, or what else its requests have in common
   */
  othersAreRead(group?: string): Promise<void>;
  /** Called with each connection that is accepted. */
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
