/** Defines the base class of errors that have several codes. */

/** An error with a stable code that tells a program the cause. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
