/** A process that looks up users one after another, and prints the times and its memory. */

import { openDatabase } from 'ajwt-testkit/databases';
import { sqlDirectory } from 'asymmetric-jwt-auth/sql';
import type { Lookups } from './directory.ts';

const LOOKUPS = 20_000;
const WARM_UP = 2000;

const [address = '', count = ''] = process.argv.slice(2);
const database = openDatabase(JSON.parse(address), 1);
const directory = sqlDirectory(database);
const users = Number(count);
/** Returns the sorted times of a number of lookups. */
async function measure(isKeyRead: boolean): Promise<Float64Array> {
  const times = new Float64Array(LOOKUPS);
  for (let index = -WARM_UP; index < LOOKUPS; index++) {
    const username = `user${1 + Math.floor(Math.random() * users)}`;
    const begun = performance.now();
    const found = await directory.find(username, { kid: undefined, alg: 'EdDSA' });
    const named = isKeyRead ? found?.keys[index & 1]?.key.handle : true;
    if (index >= 0) times[index] = (performance.now() - begun) * 1000;
    if (found?.keys.length !== 2 || named === undefined) throw new Error(`${username} does not have two keys`);
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
