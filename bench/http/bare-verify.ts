/** `bare-verify.ts HASH FOLDER`: prints the CPU time of one bare `crypto.verify`, in microseconds. */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [hashName = 'null', folder = ''] = process.argv.slice(2);
const hash = hashName === 'null' ? null : hashName;
const keys = readdirSync(folder)
  .filter((file) => file.endsWith('.pem'))
  .map((file) => createPrivateKey(readFileSync(join(folder, file), 'utf8')));
const ROUNDS = 5;
const COUNT = 4000;

const samples = Array.from({ length: COUNT }, (_, index) => {
  const key = keys[index % keys.length] as ReturnType<typeof createPrivateKey>;
  const input = Buffer.from(`${index}`.padStart(200, 'x'));
  return { input, signature: sign(hash, input, key), publicKey: createPublicKey(key) };
});
const times: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const before = process.cpuUsage();
  for (const { input, signature, publicKey } of samples) {
    if (!verify(hash, input, publicKey, signature)) throw new Error('a bare verification failed');
  }
  const { user, system } = process.cpuUsage(before);
  times.push((user + system) / COUNT);
}
console.log(times.sort((one, other) => one - other)[ROUNDS >> 1]);
