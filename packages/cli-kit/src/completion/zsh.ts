/** Completion in zsh: to be read after compinit, or to be put as _ajwt into a folder of $fpath. */
import type { Choices } from '../command.ts';
import {
  type Completed,
  type CompletedCommand,
  type CompletedOption,
  firstWords,
  groups,
  PROGRAM_OPTIONS,
  quote,
} from './completed.ts';

export function zshCompletion(program: Completed): string {
  const { name, commands } = program;
  const describe = (list: readonly (readonly [string, string])[], indent: string) =>
    list.map(([word, summary]) => `\n${indent}  ${quote(`${word}:${summary}`)}`).join('');
  const describeGroup = ([first, below]: readonly [string, readonly (readonly [string, string])[]]) => `
      (${quote(`1 ${first}`)})
        offered=(${describe(below, '        ')}
        )
        ;;`;
  return `#compdef ${name}
# Completion of ${name} in zsh: source <(${name} completion zsh)
_${name}_at_file() {
  if compset -P '(*=|)@'; then _files; else _message 'a string, or @ and a file name'; fi
}

_${name}() {
  local help=''
  local -a before offered
  if (( CURRENT > 2 )) && [[ $words[2] == help ]]; then
    help=1
    shift words
    (( CURRENT-- ))
  fi
  before=("\${(@)words[2,CURRENT-1]}")
  case "$before[1] $before[2]" in${commands.map((command) => argumentsOf(name, command)).join('')}
  esac
  case "$#before $before[1]" in
    (0*)
      offered=(${describe(firstWords(program), '      ')}
      )
      if [[ -z $help ]]; then
        offered+=(${quote('help:show the help of a command')})
        [[ $PREFIX != -* ]] || offered=(${describe(PROGRAM_OPTIONS, '        ')}
        )
      fi
      ;;${[...groups(program)].map(describeGroup).join('')}
  esac
  _describe command offered
}

if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function argumentsOf(program: string, { name, options, choices }: CompletedCommand): string {
  const words = name.split(' ').length;
  const rows = options.flatMap((option) => specifications(program, option));
  if (choices !== undefined) rows.push(`*:word${action(program, choices)}`);
  return `
    (${words === 1 ? `${quote(`${name} `)}*` : quote(name)})
      [[ -z $help ]] || return 1
      shift ${words} words
      (( CURRENT -= ${words} ))
      _arguments -s -S${rows.map((row) => ` \\\n        ${quote(row)}`).join('')}
      return
      ;;`;
}

/** As _arguments reads them, one for each name of an option. */
function specifications(
  program: string,
  { long, short, multiple, help, value, choices }: CompletedOption,
): readonly string[] {
  const once = `(${short === undefined ? '' : `-${short} `}--${long})`;
  const text = `[${help.replace(/[\\[\]]/g, '\\$&')}]`;
  const takes = value === undefined ? '' : `:${value.replace(/[\\:]/g, '\\$&')}${action(program, choices)}`;
  return [
    ...(short === undefined ? [] : [`-${short}${value === undefined ? '' : '+'}`]),
    `--${long}${value === undefined ? '' : '='}`,
  ].map((name) => (multiple ? '*' : once) + name + text + takes);
}

function action(program: string, choices: Choices | undefined): string {
  if (choices === undefined) return ': ';
  if (choices === 'file') return ':_files';
  return choices === '@file' ? `:_${program}_at_file` : `:(${choices.join(' ')})`;
}
