/**
 * Compares the Ed25519 verdicts of all installed engines: `npm run ed25519 [COUNT [SEED]]`, default one million cases with seed 1. Takes a
 * quarter of an hour. Exits with 1 if two engines differ.
 */
import { ENGINES, runEngine } from './engines.ts';

const [count = '1000000', seed = '1'] = process.argv.slice(2);
const digests = new Set<string>();
console.log(`${count} cases with seed ${seed}\n`);
console.log(
  '| engine | accepted | refused before the engine | of these, accepted by the engine alone | seconds | digest |',
);
console.log('|---|---:|---:|---:|---:|---|');
for (const engine of ENGINES) {
  if (engine.isMissing) {
    console.log(`| ${engine.name} | not installed: run \`node scripts/install-test-tools.ts\` | | | | |`);
    continue;
  }
  const verdicts = await runEngine(engine, Number(seed), Number(count));
  digests.add(verdicts.digest);
  const { accepted, refusedBefore, engineAccepts, digest, seconds } = verdicts;
  const cells = [engine.name, accepted, refusedBefore, engineAccepts, seconds.toFixed(0), digest.slice(0, 16)];
  console.log(`| ${cells.join(' | ')} |`);
}
console.log(digests.size === 1 ? '\nall verdicts are equal' : '\nTHE VERDICTS DIFFER');
process.exitCode = digests.size === 1 ? 0 : 1;
