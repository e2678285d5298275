/** A process that looks users up, one after another, and tells how long it took and how large it has become. */
import { sqlDirectory } from 'asymmetric-jwt-auth/sql';
import { openDatabase } from '../packages/lib/test/nonce-stores/databases.ts';

const LOOKUPS = 20_000;
const WARM_UP = 2000;

const [address = '', count = ''] = process.argv.slice(2);
const database = openDatabase(JSON.parse(address), 1);
const directory = sqlDirectory(database);
const users = Number(count);
const times = new Float64Array(LOOKUPS);
for (let index = -WARM_UP; index < LOOKUPS; index++) {
  const username = `user${1 + Math.floor(Math.random() * users)}`;
  const begun = performance.now();
  const found = await directory.find(username, { kid: undefined, alg: 'EdDSA' });
  if (index >= 0) times[index] = (performance.now() - begun) * 1000;
  if (found?.keys.length !== 2) throw new Error(`${username} has not two keys`);
}
await database.destroy();
times.sort();
const at = (part: number) => times[Math.floor(part * LOOKUPS)];
console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), rss: process.memoryUsage().rss / 1e6 }));
