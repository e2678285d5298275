/** From the words of the command line to an exit code. */
import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { CommandError } from './command-error.ts';
import { COMMANDS } from './commands.ts';
import { nearest } from './nearest.ts';
import { asTyped } from './parse.ts';
import { complain, note, print } from './terminal.ts';

/**
 * Runs a command to its end. Trouble is told in one line.
 *
 * @param args - what was typed after `ajwt`
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    return report(error);
  }
}

/** @returns the exit code */
export function report(error: unknown): number {
  if (error instanceof CommandError) {
    complain(error.message);
    return error.exitCode;
  }
  // KeyError, told by its name: most commands never load it.
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  complain(name === 'KeyError' ? message : `unexpected ${name}: ${message}`);
  return 1;
}

async function dispatch([first, ...rest]: readonly string[]): Promise<number> {
  if (first === undefined) {
    note(await overview());
    return 1;
  }
  if (first === '--version') print(`ajwt ${version()}`);
  else if (first === '--help' || first === '-h') print(await overview());
  else if (first === 'help') print(rest[0] === undefined ? await overview() : (await commandNamed(rest[0])).help());
  else return (await commandNamed(first)).run(rest);
  return 0;
}

async function commandNamed(name: string): Promise<Command> {
  const entry = COMMANDS.get(name);
  if (entry !== undefined) return entry.load();
  if (name.startsWith('-'))
    throw new CommandError(`unknown option${asTyped(name)}; the command comes first: see \`ajwt --help\``);
  const near = nearest(name, [...COMMANDS.keys(), 'help']);
  throw new CommandError(
    `unknown command${asTyped(name)}; ${near === undefined ? 'see `ajwt --help`' : `did you mean ${near}?`}`,
  );
}

async function overview(): Promise<string> {
  const { table } = await import('./help.ts');
  return `ajwt signs HTTP requests with a private key, each with a token that works once.

Usage: ajwt COMMAND …

${table([...COMMANDS].map(([name, { summary }]) => [name, summary]))}

\`ajwt help COMMAND\` says more about one of them; \`ajwt --version\` tells the version.

Environment:
${table([
  ['AJWT_USER', 'the username, where --user is not given'],
  ['AJWT_KEY', "the private key, where --key is not given: a file, or the key's text itself"],
  ['AJWT_PASSPHRASE', 'opens a private key that is encrypted'],
])}
`;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}
