/** Completion in bash, from 4.0 on; it needs no package of completions. */
import type { Choices } from '../command.ts';
import { type Completed, type CompletedCommand, firstWords, groups, PROGRAM_OPTIONS, quote } from './completed.ts';

export function bashCompletion(program: Completed): string {
  const { name, commands } = program;
  const words = (list: readonly (readonly [string, string])[]) => list.map(([word]) => word).join(' ');
  const lines = (rows: readonly string[], indent: number) => rows.map((row) => ' '.repeat(indent) + row).join('\n');
  const nextWords = [
    `0*) _${name}_words "${words(firstWords(program))}\${help:- help ${words(PROGRAM_OPTIONS)}}" ;;`,
    ...[...groups(program)].map(([first, below]) => `${quote(`1 ${first}`)}) _${name}_words ${quote(words(below))} ;;`),
  ];
  return `# Completion of ${name} in bash: source <(${name} completion bash)
_${name}_words() {
  COMPREPLY=($(IFS=$' \\n'; compgen -W "$1" -- "$current"))
}

# For readline the @ is a part of the word, and no part of a file's name.
_${name}_at_file() {
  local path
  [[ $current == *@* ]] || return
  while IFS= read -r path; do
    [[ ! -d $path ]] || path+=/
    COMPREPLY+=("@$path")
  done < <(path=\${current#*@}; compgen -f -- "\${path//\\\\/}")
  compopt -o filenames
  [[ \${COMPREPLY[0]-} != */ ]] || compopt -o nospace
}

_${name}() {
  local IFS=$' \\t\\n' line=$COMP_LINE rest command='' options='' option='' current='' help=''
  local -a words=() before=()
  local -i i
  COMPREPLY=()
  # Words are cut at = : and @ as well: here they are put together again.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=\${line#"\${line%%[![:space:]]*}"}
    if ((i > 0)) && [[ $rest == "$line" ]]; then
      words[\${#words[@]}-1]+=\${COMP_WORDS[i]}
    else
      words+=("\${COMP_WORDS[i]}")
    fi
    line=\${rest#"\${COMP_WORDS[i]}"}
  done
  current=\${words[\${#words[@]}-1]}
  before=("\${words[@]:1:\${#words[@]}-2}")
  if [[ \${before[0]-} == help ]]; then
    help=1
    before=("\${before[@]:1}")
  fi

  case "\${before[0]-} \${before[1]-}" in
${lines(commands.map(findRow), 4)}
  esac
  if [[ -z $command ]]; then
    case "\${#before[@]} \${before[0]-}" in
${lines(nextWords, 6)}
    esac
    return
  fi
  [[ -z $help ]] || return

  option=\${before[\${#before[@]}-1]}
  if [[ $current == --*=* ]]; then
    option=\${current%%=*}
    current=\${current#*=}
  fi
  case "$command $option" in
${lines(
  commands.flatMap((command) => valueRows(name, command)),
  4,
)}
  esac
  case "$command $current" in
${lines(
  commands.flatMap((command) => wordRow(name, command)),
  4,
)}
  esac
  _${name}_words "$options"
}

complete -F _${name} ${name}
`;
}

function findRow({ name, options }: CompletedCommand): string {
  const pattern = name.includes(' ') ? quote(name) : `${quote(`${name} `)}*`;
  const list = options.map(({ long }) => `--${long}`).join(' ');
  return `${pattern}) command=${quote(name)} options=${quote(list)} ;;`;
}

/** What comes behind the options that take a value; where that is not known, nothing. */
function valueRows(program: string, { name, options }: CompletedCommand): string[] {
  return options
    .filter(({ value }) => value !== undefined)
    .map(({ long, short, choices }) => {
      const names = [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
      return `${names.map((option) => quote(`${name} ${option}`)).join(' | ')}) ${offer(program, choices)}return ;;`;
    });
}

function wordRow(program: string, { name, choices }: CompletedCommand): string[] {
  if (choices === undefined) return [];
  return [`${quote(`${name} -`)}*) ;;`, `${quote(`${name} `)}*) ${offer(program, choices)}return ;;`];
}

/** Whole files are left to bash itself, which knows how to quote them. */
function offer(program: string, choices: Choices | undefined): string {
  if (choices === undefined) return '';
  if (choices === 'file') return 'compopt -o default; ';
  if (choices === '@file') return `_${program}_at_file; `;
  return `_${program}_words ${quote(choices.join(' '))}; `;
}
