/** Defines the error that importing a key throws. */
import { CodedError } from '../core/coded-error.ts';

/**
 * The reason why a key was refused:
 *
 * - `malformed`: damaged, ambiguous, or not in its canonical encoding
 * - `unsupported`: a valid key of a kind or in a format that is not supported
 * - `weak_key`: a signature with this key would prove nothing
 * - `too_large`: too large to read it, or to verify its signatures, at a reasonable cost
 * - `private_key`: a private key was given, but a public key is needed
 * - `public_key`: a public key was given, but a private key is needed
 * - `passphrase_required`, `wrong_passphrase`: an encrypted private key cannot be decrypted
 * - `missing_peer`: a package that is needed to decrypt the key is not installed
 * - `unreadable`: the file cannot be read
 */
export type KeyErrorCode =
  | 'malformed'
  | 'unsupported'
  | 'weak_key'
  | 'too_large'
  | 'private_key'
  | 'public_key'
  | 'passphrase_required'
  | 'wrong_passphrase'
  | 'missing_peer'
  | 'unreadable';

/**
 * Thrown when a key is refused. The message names the detected format and says what to do. It never contains the input.
 *
 * @example
 * ```ts
 * import { KeyError, PublicKey } from 'asymmetric-jwt-auth';
 *
 * try {
 *   PublicKey.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----');
 * } catch (error) {
 *   if (!(error instanceof KeyError)) throw error;
 *   console.log(error.code); // unsupported
 * }
 * ```
 */
export class KeyError extends CodedError<KeyErrorCode> {
  override readonly name = 'KeyError';
}
