/**
 * Who came in one turn of the event loop is decided about together: all are read, then all are decided about, then all are answered.
 * A processor does a step sooner while its caches still hold the code (docs/BENCHMARKS.md); a lone request waits for nothing.
 */

/** Most that wait for each other, so that nobody waits long for an answer. */
const MOST = 64;

/** Makes a function to wait with until the others of this turn have been read. */
export function makeTurns(most = MOST): () => Promise<void> {
  let turn: Promise<void> | undefined;
  let waiting = 0;

  function begin(): Promise<void> {
    const begun = new Promise<void>((resolve) => {
      setImmediate(() => {
        if (turn === begun) turn = undefined;
        resolve();
      });
    });
    waiting = 0;
    return begun;
  }

  return () => {
    if (turn === undefined || waiting === most) turn = begin();
    waiting += 1;
    return turn;
  };
}
