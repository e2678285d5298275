/** What the path does with a signature once the key is chosen, for bytes that are no token. */

import { ALGORITHMS } from '../../lib/src/core/algorithms.ts';
import { verify } from '../../lib/src/engine/node.ts';
import type { AlgorithmName, PublicKey } from '../../lib/src/index.ts';

/** A signature of another length, or of an algorithm that is not the key's, never reaches the engine (core/verify.ts). */
export function verifies(key: PublicKey, alg: string, message: Uint8Array, signature: Uint8Array): boolean {
  const algorithm = ALGORITHMS[alg];
  if (algorithm === undefined || !key.algorithms.includes(alg as AlgorithmName)) return false;
  if (signature.length !== key.signatureLength) return false;
  return verify(algorithm, key.handle, Buffer.from(message).toString('latin1'), signature);
}

/** The code of the `KeyError` that a function throws, or `accepted`. Any other error passes through. */
export function keyErrorCode(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (error instanceof Error && error.name === 'KeyError' && 'code' in error) return String(error.code);
    throw error;
  }
}
