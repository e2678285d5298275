/** Ends a command with a one-line error message. The message never contains a key, passphrase or token. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  /** @param exitCode - 1 for a usage error or an unusable key; `ajwt fetch` uses curl's exit codes */
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
