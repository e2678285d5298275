/** The error of key import. */
import { CodedError } from '../core/coded-error.ts';

/**
 * Why a key was refused:
 *
 * - `malformed`: damaged, ambiguous, or not in its canonical encoding
 * - `unsupported`: a valid key of a kind or in a format that is not supported
 * - `weak_key`: a signature with this key would prove nothing
 * - `too_large`: too large to be read or verified at a reasonable cost
 * - `private_key`: a private key where a public one is expected
 * - `public_key`: a public key where a private one is expected
 * - `passphrase_required`, `wrong_passphrase`: an encrypted private key cannot be decrypted
 * - `missing_peer`: the package that decrypts such a key is not installed
 * - `unreadable`: a file cannot be read
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
 * A key was refused. The message names the detected format and what to do. It never contains the input.
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
