/** Finds candidates that complete a command line. */
import type { Choices, CommandEntry, Options } from '../command.ts';
import { HELP, tokensOf } from '../parse.ts';

/** A word that the shell offers, and its description or an empty string. */
type Candidate = readonly [word: string, about: string];

/** Makes the shell complete file names. The second column is the part of the word before the file name. */
const FILE = ':file';

const HELP_COMMAND: Candidate = ['help', 'show the help of a command'];
const PROGRAM_OPTIONS: readonly Candidate[] = [
  ['--help', HELP.help],
  ['--version', 'print the version'],
];

/**
 * Returns all candidates for the last word. The shell then selects from them. Each candidate is a whole word, such as `--type=rsa`. Loads
 * only the command that the words name.
 *
 * @param words - arguments after the name of the program; the last one is being typed, and may be empty
 * @returns one line per candidate: the word, a tab and its description; or `:file`, a tab and the text before the name of the file
 */
export async function completionLines(
  commands: ReadonlyMap<string, CommandEntry>,
  words: readonly string[],
): Promise<string[]> {
  const isHelp = words.length > 1 && words[0] === 'help';
  const found = await candidates(commands, isHelp ? words.slice(1) : words, isHelp);
  return found.map(([word, about]) => `${word}\t${about}`);
}

async function candidates(
  commands: ReadonlyMap<string, CommandEntry>,
  words: readonly string[],
  isHelp: boolean,
): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1);
  for (const count of [2, 1]) {
    const entry = before.length < count ? undefined : commands.get(before.slice(0, count).join(' '));
    if (entry === undefined) continue;
    if (isHelp) return [];
    const { options, choices } = await entry.load();
    return argumentsOf({ ...options, help: HELP }, choices, words.slice(count));
  }
  const [group] = before;
  const below = new Map<string, string>();
  for (const [name, { summary }] of commands) {
    const [first = '', second] = name.split(' ');
    if (group === undefined) {
      const known = below.get(first);
      // A group of commands appears once. Its description lists the names of the commands.
      below.set(first, second === undefined ? summary : known === undefined ? second : `${known}, ${second}`);
    } else if (before.length === 1 && first === group && second !== undefined) below.set(second, summary);
  }
  if (group !== undefined || isHelp) return [...below];
  return words.at(-1)?.startsWith('-') ? PROGRAM_OPTIONS : [...below, HELP_COMMAND];
}

/** Completes an option, its value, or another argument. */
function argumentsOf(options: Options, choices: Choices | undefined, words: readonly string[]): readonly Candidate[] {
  const current = words.at(-1) ?? '';
  const before = tokensOf(options, words.slice(0, -1));
  const last = before.at(-1);
  if (last?.kind === 'option' && last.value === undefined && options[last.name]?.type === 'string') {
    return valuesOf(options[last.name]?.choices, '', current);
  }
  const isPastOptions = before.some(({ kind }) => kind === 'option-terminator');
  if (isPastOptions || (!current.startsWith('-') && (current !== '' || choices !== undefined))) {
    return valuesOf(choices, '', current);
  }
  const typed = tokensOf(options, [current]).at(-1);
  if (typed?.kind === 'option' && typed.inlineValue) {
    const prefix = current.slice(0, current.length - typed.value.length);
    return valuesOf(options[typed.name]?.choices, prefix, typed.value);
  }
  const used = new Set(before.flatMap((token) => (token.kind === 'option' ? [token.name] : [])));
  return Object.entries(options)
    .filter(([name, { multiple = false }]) => multiple || !used.has(name))
    .flatMap(([name, { short, help }]) => {
      const about = help.split(/; | \(env: /)[0] as string;
      return [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map((word) => [word, about] as const);
    });
}

function valuesOf(choices: Choices | undefined, prefix: string, typed: string): readonly Candidate[] {
  if (choices === undefined) return [];
  if (choices === 'file') return [[FILE, prefix]];
  if (choices !== '@file') return choices.map((choice) => [prefix + choice, '']);
  const beforeName = /^(?:[^@=]*=)?@/.exec(typed)?.[0];
  return beforeName === undefined ? [] : [[FILE, prefix + beforeName]];
}
