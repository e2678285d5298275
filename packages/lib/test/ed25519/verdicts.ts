/**
 * Verifies cases with the crypto engine of the runtime that runs this file, and prints the verdicts' digest as JSON:
 * `verdicts.ts SEED COUNT ENGINE`. ENGINE is `node:crypto` or `sodium-native`.
 */
import { createHash } from 'node:crypto';
import { verify } from '#engine';
import { algorithm } from '../../src/core/algorithms.ts';
import { checkSignature } from '../../src/core/check-signature.ts';
import { type Ed25519Verify, isUnambiguous } from '../../src/core/ed25519.ts';
import { sodiumEd25519 } from '../../src/engine/sodium.ts';
import { type Case, cases } from './cases.ts';

/** The verdicts of one engine. */
export interface Verdicts {
  readonly count: number;
  readonly accepted: number;
  /** How many signatures were refused before the engine saw them. */
  readonly refusedBefore: number;
  /** How many of these the engine alone would have accepted, and for how many it would have thrown an error. */
  readonly engineAccepts: number;
  readonly engineThrows: number;
  /** SHA-256 of all verdicts in order. */
  readonly digest: string;
  readonly seconds: number;
}

const EDDSA = algorithm('EdDSA');

/** @param engine - in place of `node:crypto` */
function verdictsOf(seed: number, count: number, engine: Ed25519Verify | undefined): Verdicts {
  const start = performance.now();
  const hash = createHash('sha256');
  const totals = { accepted: 0, refusedBefore: 0, engineAccepts: 0, engineThrows: 0 };
  const source = cases(seed);
  for (let index = 0; index < count; index++) {
    const { key, message, signature } = source.next().value;
    const verdict = checkSignature(EDDSA, key, message, signature, engine);
    hash.update(verdict ? '1' : '0');
    if (verdict) totals.accepted++;
    if (isUnambiguous(signature)) continue;
    totals.refusedBefore++;
    try {
      if (alone({ key, message, signature }, engine)) totals.engineAccepts++;
    } catch {
      totals.engineThrows++;
    }
  }
  const seconds = (performance.now() - start) / 1000;
  return { count, ...totals, digest: hash.digest('hex'), seconds };
}

function alone({ key, message, signature }: Case, engine: Ed25519Verify | undefined): boolean {
  if (engine === undefined) return verify(EDDSA, key.handle, message, signature);
  return engine(key.ed25519 as Uint8Array, Buffer.from(message, 'latin1'), signature);
}

if (process.argv[1] !== undefined && import.meta.filename === process.argv[1]) {
  const [seed, count, engine] = process.argv.slice(2);
  const other = engine === 'sodium-native' ? sodiumEd25519() : undefined;
  console.log(JSON.stringify(verdictsOf(Number(seed), Number(count), other)));
}
