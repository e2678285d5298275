/** Claims nonces from a process of its own, batch after batch as it is told to: it is forked with an address. */
import { type Address, openStore } from './address.ts';

/** The nonces `from` to `to`, each claimed a number of times at once. */
export interface Batch {
  readonly time: number;
  readonly from: number;
  readonly to: number;
  readonly times: number;
  /** How many users there are; the nonces are dealt to them in turn. */
  readonly users: number;
}

/** What came of a batch. */
export interface BatchResult {
  /** The nonces that this process was given; one that it was given twice is there twice. */
  readonly claimed: readonly number[];
  readonly replayed: number;
  /** Why claims came to something else. */
  readonly others: readonly string[];
}

const now = () => Date.now() / 1000;
const store = await openStore(JSON.parse(process.argv[2] ?? '') as Address);
await store.open(now());
while (!store.readiness(now()).ready) await new Promise((resolve) => setTimeout(resolve, 20));

async function claimBatch({ time, from, to, times, users }: Batch): Promise<BatchResult> {
  const claimed: number[] = [];
  const others: string[] = [];
  let replayed = 0;
  const claim = async (nonce: number) => {
    const username = users === 1 ? 'alice' : `user${nonce % users}`;
    const outcome = await Promise.resolve()
      .then(() => store.claim({ username, time, nonce: String(nonce) }, now()))
      .catch((error: Error) => error.message);
    if (outcome === 'claimed') claimed.push(nonce);
    else if (outcome === 'replayed') replayed += 1;
    else others.push(outcome);
  };
  const claims: Promise<void>[] = [];
  for (let nonce = from; nonce < to; nonce++) {
    for (let time = 0; time < times; time++) claims.push(claim(nonce));
  }
  await Promise.all(claims);
  return { claimed, replayed, others };
}

process.on('message', async (batch: Batch) => process.send?.(await claimBatch(batch)));
// Nobody is left to claim for.
process.on('disconnect', () => process.exit());
process.send?.('ready');
