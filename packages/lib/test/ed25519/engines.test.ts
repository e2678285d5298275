/** Every engine returns the same Ed25519 verdicts. `npm run ed25519` compares a million. */
import { describe, expect, test } from 'vitest';
import { algorithm } from '../../src/core/algorithms.ts';
import { checkSignature } from '../../src/core/check-signature.ts';
import { isUnambiguous } from '../../src/core/ed25519.ts';
import { cases } from './cases.ts';
import { ENGINES, runEngine } from './engines.ts';

const SEED = 1;
const COUNT = 20_000;
/** The verdicts that all engines must return: `npm run ed25519 20000` prints the beginning of the digest. */
const EXPECTED = {
  count: COUNT,
  accepted: 2277,
  refusedBefore: 8071,
  digest: '5685825994c10cbba1eba60f865e045d6ed11cb29adb3c12dbbd243cef3c0f79',
};

/** Engines that alone accept signatures whose R has a small order. */
const ACCEPT_SMALL_ORDER = /^(Node 22|bun|deno)/;

describe.each(ENGINES)('$name', (engine) => {
  test.skipIf(engine.isMissing)(`returns the expected verdicts for ${COUNT} signatures`, async () => {
    const verdicts = await runEngine(engine, SEED, COUNT);
    expect(verdicts).toMatchObject(EXPECTED);
    if (ACCEPT_SMALL_ORDER.test(engine.name)) expect(verdicts.engineAccepts).toBeGreaterThan(0);
  });
});

test('the cases include valid and invalid signatures, and many that only the equation with the cofactor accepts', () => {
  const EDDSA = algorithm('EdDSA');
  const counts = { valid: 0, invalid: 0, crafted: 0, validCrafted: 0 };
  const source = cases(SEED);
  for (let index = 0; index < 4000; index++) {
    const { key, message, signature } = source.next().value;
    const isValid = checkSignature(EDDSA, key, message, signature);
    counts[isValid ? 'valid' : 'invalid']++;
    if (!message.startsWith('crafted') || !isUnambiguous(signature)) continue;
    counts.crafted++;
    if (isValid) counts.validCrafted++;
  }
  expect(counts.valid).toBeGreaterThan(1000);
  expect(counts.crafted).toBeGreaterThan(400);
  expect(counts.validCrafted).toBeGreaterThan(40);
  expect(counts.crafted - counts.validCrafted).toBeGreaterThan(300);
});
