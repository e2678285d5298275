/** From the words of the command line to an exit code. */
import type { Command } from './command.ts';
import { CommandError } from './command-error.ts';
import { checkEnvironment, type Variables } from './environment.ts';
import { nearest } from './nearest.ts';
import { asTyped, optionAsTyped } from './parse.ts';
import { complain, nameProgram, note, print } from './terminal.ts';

/** A command of a program. It is loaded when it is called, so that none waits for what another needs. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** A program of several commands. */
export interface Program {
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  readonly version: () => string;
  /** By name; a name may have two words: `user add`. */
  readonly commands: ReadonlyMap<string, CommandEntry>;
  /** Environment variables, and what they are for. */
  readonly environment: readonly (readonly [string, string])[];
  /** Which variables there are, so that others can be named. */
  readonly variables: Variables;
}

/**
 * Runs a command to its end. Trouble is told in one line.
 *
 * @param args - what was typed after the program's name
 * @returns the exit code
 */
export async function runProgram(program: Program, args: readonly string[]): Promise<number> {
  nameProgram(program.name);
  try {
    return await dispatch(program, args);
  } catch (error) {
    return report(error);
  }
}

/** Errors whose message is all that a person needs, by name: most commands never load their classes. */
const EXPECTED = ['KeyError', 'KeyConflictError', 'DirectoryError', 'UnavailableError'];

/** @returns the exit code */
export function report(error: unknown): number {
  if (error instanceof CommandError) {
    complain(error.message);
    return error.exitCode;
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  complain(EXPECTED.includes(name) ? message : `unexpected ${name}: ${message}`);
  return 1;
}

async function dispatch(program: Program, words: readonly string[]): Promise<number> {
  const [first, ...rest] = words;
  if (first === undefined) {
    note(await overview(program));
    return 1;
  }
  if (first === '--version') print(`${program.name} ${program.version()}`);
  else if (first === '--help' || first === '-h') print(await overview(program));
  else if (first === 'help') {
    const group = rest.length === 1 ? await groupOverview(program, rest[0] as string) : undefined;
    print(group ?? (rest[0] === undefined ? await overview(program) : (await find(program, rest)).command.help()));
  } else if (rest[0] === '--help' || rest[0] === '-h') {
    print((await groupOverview(program, first)) ?? (await find(program, words)).command.help());
  } else {
    const { command, args } = await find(program, words);
    checkEnvironment(program.variables, args, process.env);
    return command.run(args);
  }
  return 0;
}

/** The command that the first word names, or the first two, and what comes after. */
async function find(
  { name, commands }: Program,
  words: readonly string[],
): Promise<{ command: Command; args: readonly string[] }> {
  const [first = '', second = ''] = words;
  for (const count of [2, 1]) {
    const entry = words.length < count ? undefined : commands.get(words.slice(0, count).join(' '));
    if (entry !== undefined) return { command: await entry.load(), args: words.slice(count) };
  }
  if (first.startsWith('-')) {
    throw new CommandError(`unknown option${optionAsTyped(first)}; the command comes first: see \`${name} --help\``);
  }
  const below = [...commands.keys()].filter((one) => one.startsWith(`${first} `)).map((one) => one.split(' ')[1] ?? '');
  if (below.length > 0) {
    const hint = nearest(second, below);
    const advice = hint === undefined ? `choose from ${below.join(', ')}` : `did you mean ${first} ${hint}?`;
    const problem = second === '' ? 'a subcommand is missing' : `unknown subcommand${asTyped(second)}`;
    throw new CommandError(`${first}: ${problem}; ${advice}`);
  }
  const firstWords = [...commands.keys()].map((one) => one.split(' ')[0] as string);
  const near = nearest(first, [...new Set([...firstWords, 'help'])]);
  throw new CommandError(
    `unknown command${asTyped(first)}; ${near === undefined ? `see \`${name} --help\`` : `did you mean ${near}?`}`,
  );
}

/** The commands whose first word this is; undefined if they have no other. */
async function groupOverview({ name, commands }: Program, first: string): Promise<string | undefined> {
  const below = [...commands].filter(([command]) => command.startsWith(`${first} `));
  if (below.length === 0) return undefined;
  const { table } = await import('./help.ts');
  return `Usage: ${name} ${first} COMMAND …

${table(below.map(([command, { summary }]) => [command, summary]))}

Run \`${name} help ${first} COMMAND\` for details.
`;
}

async function overview({ name, about, commands, environment }: Program): Promise<string> {
  const { table } = await import('./help.ts');
  return `${about}

Usage: ${name} COMMAND …

${table([...commands].map(([command, { summary }]) => [command, summary]))}

Run \`${name} help COMMAND\` for details, or \`${name} --version\` for the version.

Environment:
${table(environment)}
`;
}
