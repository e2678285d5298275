/** Finds the command that the arguments name, and runs it. */
import type { Command, CommandEntry } from './command.ts';
import { CommandError } from './command-error.ts';
import { checkEnvironment, type Variables } from './environment.ts';
import { Io, type IoStreams } from './io.ts';
import { nearest } from './nearest.ts';
import { asTyped, optionAsTyped } from './parse.ts';

/** A program with several commands. */
export interface Program {
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  readonly version: () => string;
  /** The commands by name. A name can have two words: `user add`. */
  readonly commands: ReadonlyMap<string, CommandEntry>;
  /** Environment variables and their descriptions, for the help. */
  readonly environment: readonly (readonly [string, string])[];
  /** Loads the variables that commands read. */
  readonly variables: () => Promise<Variables>;
}

/**
 * Runs a command to its end. Prints an error in one line.
 *
 * @param args - arguments after the name of the program
 * @param streams - streams and environment of the process or of a test
 * @returns the exit code
 */
export async function runProgram(program: Program, args: readonly string[], streams: IoStreams): Promise<number> {
  const io = new Io(program.name, streams);
  try {
    return await dispatch(program, args, io);
  } catch (error) {
    return report(error, io);
  }
}

/** Errors whose message is enough for the user. They are listed by name, because most commands never load these classes. */
const EXPECTED = ['KeyError', 'KeyConflictError', 'DirectoryError', 'UnavailableError'];

/** Prints an error. @returns the exit code */
export function report(error: unknown, io: Io): number {
  if (error instanceof CommandError) {
    io.complain(error.message);
    return error.exitCode;
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  io.complain(EXPECTED.includes(name) ? message : `unexpected ${name}: ${message}`);
  return 1;
}

async function dispatch(program: Program, words: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = words;
  if (first === undefined) {
    io.note(await overview(program));
    return 1;
  }
  if (first === '--version') io.print(`${program.name} ${program.version()}`);
  else if (first === '--help' || first === '-h') io.print(await overview(program));
  else if (first === 'help') {
    const group = rest.length === 1 ? await groupOverview(program, rest[0] as string) : undefined;
    io.print(group ?? (rest[0] === undefined ? await overview(program) : (await find(program, rest)).command.help()));
  } else if (first === 'complete' && rest[0] === '--') {
    // Only completion scripts use this command, so the help does not list it.
    const { completionLines } = await import('./completion/candidates.ts');
    for (const line of await completionLines(program.commands, rest.slice(1))) io.print(line);
  } else if (rest[0] === '--help' || rest[0] === '-h') {
    io.print((await groupOverview(program, first)) ?? (await find(program, words)).command.help());
  } else {
    const { command, args } = await find(program, words);
    checkEnvironment(await program.variables(), args, io);
    return command.run(args, io);
  }
  return 0;
}

/** Finds the command named by the first two words, or by the first word alone. */
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

/** Lists the two-word commands that begin with this word; `undefined` if there are none. */
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
