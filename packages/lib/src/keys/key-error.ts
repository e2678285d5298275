/** The one error of key import. */

/**
 * Why a key was refused:
 *
 * - `malformed`: broken, ambiguous, or not in its canonical encoding
 * - `unsupported`: a sound key of a kind, or in a format, that is not taken
 * - `weak_key`: a signature of this key would prove nothing
 * - `too_large`: more than is read or verified at a reasonable cost
 * - `private_key`: a private key where a public one belongs
 * - `public_key`: a public key where a private one belongs
 * - `passphrase_required`, `wrong_passphrase`: an encrypted private key stays closed
 * - `missing_peer`: a package that opens such a key is not installed
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

/** A key was refused. The message names the detected format and the way out; the input is never in it. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
  readonly code: KeyErrorCode;

  constructor(code: KeyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
