/** Defines the error of key management services. */
import { CodedError } from '../../core/coded-error.ts';

/**
 * The causes:
 *
 * - `unsupported`: the service does not have this algorithm, or cannot sign this many bytes
 * - `not_signed`: the service refused to sign or cannot be reached; `cause` is the underlying error, if there is one
 * - `bad_answer`: the response is not a signature of this text by this key
 * - `timed_out`: the service did not respond in time
 */
export type KmsErrorCode = 'unsupported' | 'not_signed' | 'bad_answer' | 'timed_out';

/**
 * Reports that a key management service did not sign. The message says what to do.
 *
 * @example
 * ```ts
 * import { PrivateKey } from 'asymmetric-jwt-auth/client';
 * import { KmsError, kmsSigner } from 'asymmetric-jwt-auth/kms';
 *
 * const { publicKey } = await PrivateKey.generate();
 * const signer = kmsSigner({ publicKey, sign: () => Promise.reject(new Error('access denied')) });
 * try {
 *   await signer.sign(new TextEncoder().encode('header.payload'));
 * } catch (error) {
 *   if (error instanceof KmsError) console.log(error.code, error.message); // not_signed the service did not sign: access denied
 * }
 * ```
 */
export class KmsError extends CodedError<KmsErrorCode> {
  override readonly name = 'KmsError';
}
