/** Claims the nonces 0 to N from a process of its own, when told to, and prints how many it got: node claimer.ts FILE N TIME FIRST */
import { once } from 'node:events';
import { Kysely } from 'kysely';
import { nodeSqlite, sqlNonceStore } from '../../src/sql/index.ts';

const [file = '', count = '0', time = '0', first = '0'] = process.argv.slice(2);
const database = new Kysely<unknown>({ dialect: nodeSqlite(file) });
const store = sqlNonceStore(database, { perUser: 1_000_000 });
await store.open(Date.now() / 1000);
console.log('ready');
await once(process.stdin, 'data');
process.stdin.unref();
const outcomes = { claimed: 0, replayed: 0, unavailable: 0 };
for (let index = 0; index < Number(count); index++) {
  const nonce = String((Number(first) + index) % Number(count));
  const claim = { username: 'alice', time: Number(time), nonce };
  const outcome = await Promise.resolve(store.claim(claim, Date.now() / 1000)).catch(() => 'unavailable' as const);
  outcomes[outcome as keyof typeof outcomes]++;
}
console.log(JSON.stringify(outcomes));
