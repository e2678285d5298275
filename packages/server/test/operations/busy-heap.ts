/** `busy-heap.ts [limited]`: creates garbage for two seconds. Prints the largest size of the young generation, in megabytes. */
import { setImmediate } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { limitHeapGrowth } from '../../src/operations/heap-growth.ts';

if (process.argv[2] === 'limited') limitHeapGrowth();
const held: object[] = [];
let largest = 0;
const end = performance.now() + 2000;
while (performance.now() < end) {
  for (let index = 0; index < 20_000; index++) held[index % 50_000] = { index, list: [index] };
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  largest = Math.max(largest, young?.space_size ?? 0);
  await setImmediate();
}
console.log(largest / 1024 / 1024);
