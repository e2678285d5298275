/** Environment variables that nothing reads: a misspelt one would be a check that silently does not happen. */
import { CommandError } from './command-error.ts';
import { nearest } from './nearest.ts';
import { asTyped } from './parse.ts';
import { note } from './terminal.ts';

/** The variables of a program. */
export interface Variables {
  /** What all of them begin with: `AJWTD_`. */
  readonly prefix: string;
  /** Every variable that some command reads. */
  readonly known: readonly string[];
  /** Variables with that prefix that others set, and the program does not read. */
  readonly others: RegExp;
  /** Whether an unknown variable ends the program, or is only named. */
  readonly unknown: 'refuse' | 'warn';
}

/**
 * Looks for variables that the program would not read.
 *
 * @param args - what was typed: an option may name a variable
 * @throws CommandError for an unknown variable, with the name that was probably meant
 */
export function checkEnvironment(variables: Variables, args: readonly string[], environment: NodeJS.ProcessEnv): void {
  const { prefix, known, others, unknown } = variables;
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(prefix) || known.includes(name) || others.test(name)) continue;
    if (args.some((word) => word === name || word.endsWith(`=${name}`))) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known variables: ${known.join(', ')}` : `did you mean ${near}?`;
    const message = `unknown environment variable${asTyped(name)}; ${hint}`;
    if (unknown === 'refuse') throw new CommandError(message);
    note(`warning: ${message}`);
  }
}
