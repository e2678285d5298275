/** The one error of key management services. */

/**
 * Why a service does not sign:
 *
 * - `unsupported`: it has no such algorithm, or not for a text of this length
 * - `not_signed`: it refused, or could not be reached; `cause` is its own error, where there is one
 * - `bad_answer`: what it answered is no signature of this text by this key
 * - `timed_out`: it did not answer in time
 */
export type KmsErrorCode = 'unsupported' | 'not_signed' | 'bad_answer' | 'timed_out';

/** The service cannot sign. The message says what to do next. */
export class KmsError extends Error {
  override readonly name = 'KmsError';
  readonly code: KmsErrorCode;

  constructor(code: KmsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
