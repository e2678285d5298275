/** `npm run race`: three processes claim each of 100 000 nonces five times concurrently, in every store that processes can share. */
import { race, total } from './race.ts';
import { SHARED_STORES } from './stores.ts';

const { NONCES = '100000' } = process.env;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SHARED_STORES.some((store) => store.name === name));
if (unknown.length > 0) {
  console.error(
    `unknown store: ${unknown.join(', ')}; choose from ${SHARED_STORES.map(({ name }) => name).join(', ')}`,
  );
  process.exit(1);
}

const nonces = Number(NONCES);
const lines: string[] = [];
for (const { name, lacks, start } of SHARED_STORES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (lacks !== undefined) {
    console.error(`${name} skipped: install the package ${lacks}`);
    process.exitCode = 1;
    continue;
  }
  const { address, stop } = await start();
  try {
    let reported = 0;
    const onProgress = (done: number) => {
      if (done < nonces && (done - reported) * 10 < nonces) return;
      reported = done;
      console.error(`${name}: ${done} of ${nonces} nonces`);
    };
    const time = () => Math.floor(Date.now() / 1000);
    const setup = { nonces, times: [2, 2, 1] as const, users: 1000, time, onProgress };
    const result = await race(address, setup);
    const { claims, byProcess, twice, never, others, seconds } = result;
    const right = twice.length === 0 && never.length === 0 && others.size === 0;
    if (!right) process.exitCode = 1;
    for (const [what, count] of others) console.error(`${name}: ${count} unexpected outcomes: ${what}`);
    const each = byProcess.map(({ claimed }) => claimed).join(' + ');
    const counts = [claims, total(result, 'claimed'), each, total(result, 'replayed'), twice.length, never.length];
    lines.push(`| ${[name, ...counts, seconds.toFixed(0), Math.round(claims / seconds)].join(' | ')} |`);
  } finally {
    await stop();
  }
}
console.log(
  '| store | claims | accepted | by process | replayed | accepted twice | never accepted | seconds | claims/s |',
);
console.log('|---|---:|---:|---:|---:|---:|---:|---:|---:|');
for (const line of lines) console.log(line);
// Open connections to the stopped servers would keep the process running.
process.exit();
