/** Checks usernames. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { isUsername } from '../core/claims.ts';

/** Checks a username. @param from - the option or variable that contains it @throws CommandError if a token cannot contain it */
export function checkUsername(username: string, from: string): void {
  if (isUsername(username)) return;
  throw new CommandError(
    `${from}: must be 1 to 600 bytes, without control characters, leading spaces or trailing spaces`,
  );
}
