/** Finds environment variables that nothing reads: a misspelled variable could silently disable a check. */
import { CommandError } from './command-error.ts';
import type { Io } from './io.ts';
import { nearest } from './nearest.ts';
import { asTyped } from './parse.ts';

/** The environment variables of a program. */
export interface Variables {
  /** The prefix of their names: `AJWTD_`. */
  readonly prefix: string;
  /** Every variable that some command reads. */
  readonly known: readonly string[];
  /** Returns whether a variable has this prefix but is set by another program. The program does not read it. */
  readonly isOther: (name: string, value: string) => boolean;
  /** Whether an unknown variable ends the program or prints a warning. */
  readonly unknown: 'refuse' | 'warn';
}

/**
 * Checks that every variable with the program's prefix is known.
 *
 * @param args - arguments of the command; a variable that an option names counts as known
 * @throws CommandError for an unknown variable, with the most similar known name
 */
export function checkEnvironment(
  { prefix, known, isOther, unknown }: Variables,
  args: readonly string[],
  io: Pick<Io, 'env' | 'note'>,
): void {
  for (const [name, value = ''] of Object.entries(io.env)) {
    if (!name.startsWith(prefix) || known.includes(name) || isOther(name, value)) continue;
    if (args.some((word) => word === name || word.endsWith(`=${name}`))) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known variables: ${known.join(', ')}` : `did you mean ${near}?`;
    const message = `unknown environment variable${asTyped(name)}; ${hint}`;
    if (unknown === 'refuse') throw new CommandError(message);
    io.note(`warning: ${message}`);
  }
}
