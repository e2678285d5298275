/** Parses the options of a command. An error message is one line, and suggests the most similar option. */
import { parseArgs } from 'node:util';
import type { Option, Options, Settings } from './command.ts';
import { CommandError } from './command-error.ts';
import type { IoStreams } from './io.ts';
import { nearest } from './nearest.ts';
import { addVariables, emptyValues, flagsOf } from './sources.ts';

/** The option that every command has. */
export const HELP: Option = { type: 'boolean', short: 'h', help: 'print this help' };

/** Parsed arguments of a command. */
interface Parsed<T extends Options> extends Settings<T> {
  /** Arguments that are not options. */
  readonly words: readonly string[];
  /** Options with a value, in the order given. */
  readonly given: readonly (readonly [name: string, value: string])[];
}

/** Splits arguments into options, values and words. Nothing is checked yet. */
export function tokensOf(options: Options, args: readonly string[]) {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]),
  );
  return parseArgs({ args: [...args], options: config, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/**
 * Parses the arguments after the name of a command.
 *
 * @param command - full name of the command: `ajwt keygen`
 * @param refused - reasons why options of a similar program are not supported, by option as typed
 * @throws CommandError for an unknown option, a missing value, or a value that the option does not take
 */
export function parseWords<T extends Options>(
  command: string,
  options: T,
  args: readonly string[],
  env: IoStreams['env'],
  refused: Readonly<Record<string, string>> = {},
): Parsed<T> | 'help' {
  const all: Options = { ...options, help: HELP };
  const tokens = tokensOf(all, args);
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return 'help';

  const values = emptyValues(options);
  const words: string[] = [];
  const given: [string, string][] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(all, name) ? all[name] : undefined;
    if (option === undefined && Object.hasOwn(refused, rawName)) {
      throw new CommandError(`${rawName} is not supported: ${refused[rawName]}`);
    }
    if (option === undefined) throw unknownOption(command, typedOption(rawName, args[token.index] ?? rawName), all);
    if (option.type === 'boolean') {
      if (value !== undefined) throw new CommandError(`${rawName} takes no value; ${seeHelp(command)}`);
      values[name] = true;
    } else {
      // In `--user --key PATH` the value is missing; the next option must not become the value.
      if (value === undefined || (!inlineValue && isOption(value, all))) {
        throw new CommandError(`${rawName} needs a value: ${rawName} ${option.value}`);
      }
      const earlier = values[name];
      values[name] = Array.isArray(earlier) ? [...earlier, value] : value;
      given.push([name, value]);
    }
  }
  return { ...addVariables(options, flagsOf(options, values), env), words, given };
}

function isOption(word: string, options: Options): boolean {
  return Object.entries(options).some(([name, { short }]) => word === `--${name}` || word === `-${short}`);
}

/** Returns an option as the user typed it: parseArgs splits `-user` into `-u`, `-s`, `-e` and `-r`. */
function typedOption(rawName: string, argument: string): string {
  return /^-\p{L}{2,}$/u.test(argument) ? argument : rawName;
}

function unknownOption(command: string, typed: string, options: Options): CommandError {
  if (typed.startsWith('-----BEGIN')) return new CommandError('a key does not belong on the command line; give a file');
  const near =
    /^-./.test(typed) && typed.length > 2 ? nearest(typed.replace(/^--?/, ''), Object.keys(options)) : undefined;
  const hint = near === undefined ? seeHelp(command) : `did you mean --${near}?`;
  return new CommandError(`unknown option${optionAsTyped(typed)}; ${hint}`);
}

/**
 * Returns an option for a message if it consists of short words with hyphens, dots or underscores. Omits anything else, which may be a
 * secret.
 */
export function optionAsTyped(option: string): string {
  return /^--?[\p{L}\p{N}_]{1,20}(?:[-.][\p{L}\p{N}_]{1,20}){0,5}$/u.test(option) ? ` ${option}` : '';
}

/** Returns a word for a message if it looks like a name. Omits anything else, which may be a key or a token in the wrong place. */
export function asTyped(word: string): string {
  return /^[\w-]{1,30}$/.test(word) ? ` ${word}` : '';
}

function seeHelp(command: string): string {
  return `see \`${command} --help\``;
}

/** Checks the number of arguments. @throws CommandError if there are more than `most` */
export function refuseMoreWords(command: string, words: readonly string[], most: number): void {
  if (words.length <= most) return;
  const takes = most === 0 ? 'only options' : `${most === 1 ? 'one argument' : `${most} arguments`} and options`;
  const dash = words.find((word) => /^[\u2010-\u2015\u2212]/.test(word));
  // Word processors and chat programs turn hyphens into dashes.
  if (dash !== undefined)
    throw new CommandError('an option begins with a dash that is not a hyphen; type it as -- or -');
  throw new CommandError(`unexpected argument; \`${command}\` takes ${takes}; ${seeHelp(command)}`);
}
