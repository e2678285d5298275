/** Completion in fish, from 3.0 on. */
import type { Choices } from '../command.ts';
import {
  type Completed,
  type CompletedCommand,
  type CompletedOption,
  firstWords,
  groups,
  PROGRAM_OPTIONS,
} from './completed.ts';

export function fishCompletion(program: Completed): string {
  const { name, commands } = program;
  const rows = [
    ...offerWords(name, '', firstWords(program)),
    ...offerWords(name, '', [['help', 'show the help of a command']]),
    ...offerWords(name, ' help', firstWords(program)),
    ...PROGRAM_OPTIONS.map(
      ([option, about]) => `complete -c ${name} -n __${name}_at -l ${option.slice(2)} -d ${quote(about)}`,
    ),
    ...[...groups(program)].flatMap(([first, below]) => [
      ...offerWords(name, ` ${first}`, below),
      ...offerWords(name, ` help ${first}`, below),
    ]),
    ...commands.flatMap((command) => rowsOf(name, command)),
  ];
  return `# Completion of ${name} in fish: ${name} completion fish | source
function __${name}_at -d 'true if these are all the words before the cursor'
    set -l words (commandline -opc)
    test "$words[2..]" = "$argv"
end

function __${name}_in -d 'true if these are the first words'
    set -l words (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"
end

function __${name}_at_file -d 'file names after an @'
    set -l token (commandline -ct | string replace -r '^(--[a-z-]+=|-[a-zA-Z])' '')
    set -l start (string match -r '^[^@=]*=?@' -- $token); or return
    for path in (__fish_complete_path (string replace -- $start '' $token))
        echo $start$path
    end
end

complete -c ${name} -f
${rows.join('\n')}
`;
}

function offerWords(program: string, words: string, list: readonly (readonly [string, string])[]): string[] {
  return list.map(
    ([word, about]) => `complete -c ${program} -n ${quote(`__${program}_at${words}`)} -a ${word} -d ${quote(about)}`,
  );
}

function rowsOf(program: string, { name, options, choices }: CompletedCommand): string[] {
  const start = `complete -c ${program} -n ${quote(`__${program}_in ${name}`)}`;
  const words = choices === undefined ? [] : [`${start} ${offer(program, choices)}`];
  return [...words, ...options.map((option) => `${start} ${optionOf(program, option)}`)];
}

function optionOf(program: string, { long, short, help, value, choices }: CompletedOption): string {
  const names = `${short === undefined ? '' : `-s ${short} `}-l ${long} -d ${quote(help)}`;
  if (value === undefined) return names;
  return `${names} -r ${offer(program, choices)}`;
}

function offer(program: string, choices: Choices | undefined): string {
  if (choices === undefined) return '-f';
  if (choices === 'file') return '-F';
  return `-f -a ${quote(choices === '@file' ? `(__${program}_at_file)` : choices.join(' '))}`;
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
