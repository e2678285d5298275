/**
 * Verifies Ed25519 signatures with libsodium, from the optional package `sodium-native`. Pass {@link sodiumEd25519}`()` as the option
 * `ed25519` of `createAuthenticator`.
 */
import { createRequire } from 'node:module';
import { CodedError } from '../core/coded-error.ts';
import type { Ed25519Verify } from '../core/ed25519.ts';

export type { Ed25519Verify };

/** The part of the package `sodium-native` that is used. */
interface Sodium {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

/**
 * The reason why `sodium-native` cannot be used:
 *
 * - `missing_peer`: the package is not installed
 * - `unusable`: it is installed but cannot be loaded on this platform, or fails a test vector of RFC 8032
 */
export type SodiumErrorCode = 'missing_peer' | 'unusable';

/**
 * Thrown by {@link sodiumEd25519} if `sodium-native` cannot be used. The message says what to do, and `cause` is the original error.
 *
 * @example
 * ```ts
 * import { type Ed25519Verify, SodiumError, sodiumEd25519 } from 'asymmetric-jwt-auth/sodium';
 *
 * function fastestEd25519(): Ed25519Verify | undefined {
 *   try {
 *     return sodiumEd25519();
 *   } catch (error) {
 *     if (error instanceof SodiumError && error.code === 'missing_peer') return undefined; // node:crypto verifies
 *     throw error;
 *   }
 * }
 * console.log(typeof fastestEd25519()); // function
 * ```
 */
export class SodiumError extends CodedError<SodiumErrorCode> {
  override readonly name = 'SodiumError';
}

/**
 * Loads `sodium-native`, and returns its function for the option `ed25519` of `createAuthenticator`. It verifies Ed25519 signatures in half
 * the time that `node:crypto` of Node takes, with the same verdicts (spec/PROTOCOL.md §1.4.1).
 *
 * @returns a function that verifies signatures. It is synchronous and stores nothing
 * @throws SodiumError if the package is not installed or does not work
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
 * import { createAuthorization } from 'asymmetric-jwt-auth/client';
 * import { sodiumEd25519 } from 'asymmetric-jwt-auth/sodium';
 *
 * const key = await PrivateKey.generate('ed25519');
 * const keys = memoryKeyStore();
 * keys.addKey('guido', key.publicKey);
 * const auth = createAuthenticator({ keys, nonces: memoryNonceStore(), ed25519: sodiumEd25519() });
 *
 * const authorization = await createAuthorization({ username: 'guido', key });
 * console.log((await auth.authenticate({ authorization })).ok); // true
 * ```
 */
export function sodiumEd25519(): Ed25519Verify {
  const sodium = load();
  const verify: Ed25519Verify = (publicKey, message, signature) =>
    sodium.crypto_sign_verify_detached(signature, message, publicKey);
  selfTest(verify);
  return verify;
}

function load(): Sodium {
  const { resolve } = createRequire(import.meta.url);
  try {
    resolve('sodium-native');
  } catch (cause) {
    throw new SodiumError('missing_peer', 'sodium-native is not installed; run `npm install sodium-native`', { cause });
  }
  try {
    return createRequire(import.meta.url)('sodium-native');
  } catch (cause) {
    throw unusable(`cannot be loaded: ${(cause as Error).message}`, cause);
  }
}

/** Test 2 of RFC 8032 §7.1. */
const TEST_KEY = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const TEST_MESSAGE = '72';
const TEST_SIGNATURE =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

/** Checks that the function accepts a signature of its message, and no other. */
function selfTest(verify: Ed25519Verify): void {
  const [key, message, signature] = [TEST_KEY, TEST_MESSAGE, TEST_SIGNATURE].map((hex) => Buffer.from(hex, 'hex')) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  let verdicts: readonly unknown[];
  try {
    verdicts = [verify(key, message, signature), verify(key, Buffer.from('no'), signature)];
  } catch (cause) {
    throw unusable(`fails: ${(cause as Error).message}`, cause);
  }
  if (verdicts[0] !== true || verdicts[1] !== false) throw unusable('returns wrong verdicts for RFC 8032 §7.1, test 2');
}

function unusable(what: string, cause?: unknown): SodiumError {
  return new SodiumError(
    'unusable',
    `sodium-native ${what}; install a version that supports ${process.platform}-${process.arch} (5.1.0 was tested), or remove it`,
    { cause },
  );
}
