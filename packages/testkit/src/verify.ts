/** Verifies a signature over any bytes, as the library does after it has chosen the key. */

import { ALGORITHMS } from '../../lib/src/core/algorithms.ts';
import { checkSignature } from '../../lib/src/core/check-signature.ts';
import type { Ed25519Verify } from '../../lib/src/core/ed25519.ts';
import type { AlgorithmName, PublicKey } from '../../lib/src/index.ts';

/**
 * Returns whether a signature is valid. As in core/verify.ts, a signature with a wrong length or algorithm never reaches the engine.
 *
 * @param ed25519 - verifies Ed25519 in place of the engine
 */
export function verifies(
  key: PublicKey,
  alg: string,
  message: Uint8Array,
  signature: Uint8Array,
  ed25519?: Ed25519Verify | undefined,
): boolean {
  const algorithm = ALGORITHMS[alg];
  if (algorithm === undefined || !key.algorithms.includes(alg as AlgorithmName)) return false;
  if (signature.length !== key.signatureLength) return false;
  return checkSignature(algorithm, key, Buffer.from(message).toString('latin1'), signature, ed25519);
}

/** Returns the code of the `KeyError` that a function throws, or `accepted` if it throws nothing. Other errors pass through. */
export function keyErrorCode(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (error instanceof Error && error.name === 'KeyError' && 'code' in error) return String(error.code);
    throw error;
  }
}
