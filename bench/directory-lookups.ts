/** A process that looks users up, one after another, and tells how long it took and how large it has become. */

import { openDatabase } from 'ajwt-testkit/databases';
import { sqlDirectory } from 'asymmetric-jwt-auth/sql';
import type { Lookups } from './directory.ts';

const LOOKUPS = 20_000;
const WARM_UP = 2000;

const [address = '', count = ''] = process.argv.slice(2);
const database = openDatabase(JSON.parse(address), 1);
const directory = sqlDirectory(database);
const users = Number(count);
/** Sorted times of so many lookups. */
async function measure(isKeyRead: boolean): Promise<Float64Array> {
  const times = new Float64Array(LOOKUPS);
  for (let index = -WARM_UP; index < LOOKUPS; index++) {
    const username = `user${1 + Math.floor(Math.random() * users)}`;
    const begun = performance.now();
    const found = await directory.find(username, { kid: undefined, alg: 'EdDSA' });
    const named = isKeyRead ? found?.keys[index & 1]?.key.handle : true;
    if (index >= 0) times[index] = (performance.now() - begun) * 1000;
    if (found?.keys.length !== 2 || named === undefined) throw new Error(`${username} has not two keys`);
  }
  return times.sort();
}
const times = await measure(false);
const withKey = await measure(true);
await database.destroy();
const at = (part: number) => Math.floor(part * LOOKUPS);
const lookups: Lookups = {
  p50: times[at(0.5)] as number,
  p99: times[at(0.99)] as number,
  keyP50: withKey[at(0.5)] as number,
  keyP99: withKey[at(0.99)] as number,
  rss: process.memoryUsage().rss / 1e6,
};
console.log(JSON.stringify(lookups));
