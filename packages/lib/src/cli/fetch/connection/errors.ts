/** Converts connection errors to errors with an exit code. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { CANNOT_CONNECT, NO_RESPONSE, TLS_ERROR, transferError } from '../exit-codes.ts';

/** An error before a connection was made: nothing was sent. */
export class NoConnectionError extends CommandError {}

/** Converts an error. @param peer - name of the server or proxy, for the message */
export function connectionError(error: unknown, peer: string): unknown {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new NoConnectionError(`${peer}: cannot connect: there is no such socket (ENOENT)`, CANNOT_CONNECT);
  }
  const known = transferError(error, peer);
  if (!(known instanceof CommandError)) return known;
  return new NoConnectionError(known.message, known.exitCode === NO_RESPONSE ? TLS_ERROR : known.exitCode);
}
