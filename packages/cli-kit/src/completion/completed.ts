/** What shells have to know of a program, from the tables of its commands. */
import type { Choices } from '../command.ts';
import { HELP } from '../parse.ts';
import type { CommandEntry } from '../program.ts';

/** A program. */
export interface Completed {
  readonly name: string;
  readonly commands: readonly CompletedCommand[];
}

/** One command of it. */
export interface CompletedCommand {
  /** One word or two: `user add`. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** What its words can be. */
  readonly choices: Choices | undefined;
}

/** One option of a command. */
export interface CompletedOption {
  /** Without hyphens. */
  readonly long: string;
  readonly short: string | undefined;
  readonly multiple: boolean;
  /** A few words. */
  readonly help: string;
  /** What stands for its value, where it takes one. */
  readonly value: string | undefined;
  readonly choices: Choices | undefined;
}

/** Options of the program itself, and what they do. */
export const PROGRAM_OPTIONS = [
  ['--help', HELP.help],
  ['--version', 'print the version'],
] as const;

/** Loads every command, and reads its table. */
export async function readTables(name: string, commands: ReadonlyMap<string, CommandEntry>): Promise<Completed> {
  const read = [...commands].map(async ([command, { summary, load }]): Promise<CompletedCommand> => {
    const { options, choices } = await load();
    const rows = Object.entries({ ...options, help: HELP }).map(([long, option]) => ({
      long,
      short: option.short,
      multiple: option.multiple === true,
      help: option.help.split(/; | \(env: /)[0] as string,
      value: option.type === 'string' ? (option.value ?? 'VALUE') : undefined,
      choices: option.choices,
    }));
    return { name: command, summary, options: rows, choices };
  });
  return { name, commands: await Promise.all(read) };
}

/** First words of all commands with what they do; those that come in groups once, with what is below. */
export function firstWords({ commands }: Completed): readonly (readonly [string, string])[] {
  const words = new Map<string, string>();
  for (const { name, summary } of commands) {
    const [first = '', second] = name.split(' ');
    const known = words.get(first);
    if (second === undefined) words.set(first, summary);
    else words.set(first, known === undefined ? second : `${known}, ${second}`);
  }
  return [...words];
}

/** Second words of the commands that come in groups, with what they do, by the first word. */
export function groups({ commands }: Completed): ReadonlyMap<string, readonly (readonly [string, string])[]> {
  const below = new Map<string, (readonly [string, string])[]>();
  for (const { name, summary } of commands) {
    const [first = '', second] = name.split(' ');
    if (second !== undefined) below.set(first, [...(below.get(first) ?? []), [second, summary]]);
  }
  return below;
}

/** For bash and zsh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
