/** Claims the nonces 0 to N from a process of its own, when told to, and prints how many it got: node claimer.ts ADDRESS N TIME FIRST */
import { once } from 'node:events';
import { sqlNonceStore } from '../../src/sql/index.ts';
import { openDatabase } from './databases.ts';

const [address = '', count = '0', time = '0', first = '0'] = process.argv.slice(2);
const database = openDatabase(JSON.parse(address));
const store = sqlNonceStore(database, { perUser: 1_000_000 });
await store.open(Date.now() / 1000);
console.log('ready');
await once(process.stdin, 'data');
process.stdin.unref();
const outcomes = { claimed: 0, replayed: 0, unavailable: 0 };
let next = 0;
async function claimOneByOne(): Promise<void> {
  while (next < Number(count)) {
    const nonce = String((Number(first) + next++) % Number(count));
    const claim = { username: 'alice', time: Number(time), nonce };
    const outcome = await Promise.resolve(store.claim(claim, Date.now() / 1000)).catch(() => 'unavailable' as const);
    outcomes[outcome as keyof typeof outcomes]++;
  }
}
await Promise.all(Array.from({ length: 8 }, claimOneByOne));
console.log(JSON.stringify(outcomes));
