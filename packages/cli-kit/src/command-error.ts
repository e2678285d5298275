/** Ends a command with one line for people. The message never holds a key, a passphrase or a token. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  /** @param exitCode - 1 for a wrong use or a wrong key; `fetch` has curl's codes */
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
