/** Claims the nonces 0 to N from a process of its own, when told to, and prints how many it got: node redis-claimer.ts PORT N TIME FIRST */
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { redisNonceStore } from '../../src/nonce-stores/redis.ts';

const [port = '0', count = '0', time = '0', first = '0'] = process.argv.slice(2);
const client = new Redis(Number(port), '127.0.0.1');
const store = redisNonceStore(client, { perUser: 1_000_000 });
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
store.close();
client.disconnect();
