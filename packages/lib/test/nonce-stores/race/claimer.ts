/** The program of a forked process: opens the store at the address in its argument, and claims each batch of nonces that it receives. */
import { type Address, openStore } from './address.ts';

/** The nonces from `from` to `to - 1`; each is claimed `times` times concurrently. */
export interface Batch {
  readonly time: number;
  readonly from: number;
  readonly to: number;
  readonly times: number;
  /** The number of users; the nonces are distributed evenly among them. */
  readonly users: number;
}

/** The outcomes of a batch. */
export interface BatchResult {
  /** The nonces that this process claimed successfully; a nonce is listed once for each success. */
  readonly claimed: readonly number[];
  readonly replayed: number;
  /** Any other outcomes, and messages of errors. */
  readonly others: readonly string[];
}

const now = () => Date.now() / 1000;
const store = await openStore(JSON.parse(process.argv[2] ?? '') as Address);
await store.open(now());
while (!store.readiness(now()).ready) await new Promise((resolve) => setTimeout(resolve, 20));

/** Each process claims in another order. If stores locked records in the order of the claims, they would cause deadlocks. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

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
  const order = Array.from({ length: (to - from) * times }, (_, index) => from + (index % (to - from)));
  await Promise.all(shuffled(order).map(claim));
  return { claimed, replayed, others };
}

process.on('message', async (batch: Batch) => process.send?.(await claimBatch(batch)));
// The parent process has exited.
process.on('disconnect', () => process.exit());
process.send?.('ready');
