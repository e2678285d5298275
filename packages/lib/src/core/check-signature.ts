/** Verifies a signature with one key. */
import { asciiBytes, type EnginePublicKey, verify } from '#engine';
import type { Algorithm } from './algorithms.ts';
import { type Ed25519Verify, isUnambiguous } from './ed25519.ts';

/** A key in the forms that the engine and an {@link Ed25519Verify} need. `VerificationKey` describes the members. */
export interface RawKey {
  readonly handle: EnginePublicKey;
  readonly ed25519?: Uint8Array | undefined;
}

/**
 * Verifies a JWS signature.
 *
 * @param signingInput - the text that was signed, in ASCII
 * @param signature - a signature of the length that the key requires; r‖s for ECDSA (RFC 7518 §3.4)
 * @param ed25519 - verifies Ed25519 in place of the engine, unless the key lacks its bytes. Only `true` counts as valid
 */
export function checkSignature(
  algorithm: Algorithm,
  key: RawKey,
  signingInput: string,
  signature: Uint8Array,
  ed25519?: Ed25519Verify | undefined,
): boolean {
  if (algorithm.keyType === 'ed25519') {
    if (!isUnambiguous(signature)) return false;
    if (ed25519 && key.ed25519) return ed25519(key.ed25519, asciiBytes(signingInput), signature) === true;
  }
  return verify(algorithm, key.handle, signingInput, signature);
}
