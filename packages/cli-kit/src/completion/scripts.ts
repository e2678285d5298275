/**
 * The completion scripts, by shell. Each script gets the candidates from `PROGRAM complete -- WORDS…` (candidates.ts), and completes file
 * names itself. The scripts call the program with `command`, because the user may have an alias or function of the same name.
 */
export const SCRIPTS: Readonly<Record<string, (program: string) => string>> = {
  bash: (program) => `# Completion of ${program} in bash: source <(${program} completion bash)
_${program}() {
  local IFS=$' \\t\\n' line=$COMP_LINE rest current typed word path
  local -a words=()
  local -i i
  COMPREPLY=()
  # Bash also splits words at = : and @. This joins them again.
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
  # Readline replaces only the part of the word after = or :, with any @ before it.
  typed=\${current%"$2"}
  while IFS=$'\\t' read -r word rest; do
    if [[ $word != :file* ]]; then
      [[ $word != "$current"* ]] || COMPREPLY+=("\${word#"$typed"}")
    elif [[ $rest != *@ ]]; then
      compopt -o default
    else
      # For Readline, the @ is part of the word, but not of the file name.
      path=\${current#"$rest"}
      while IFS= read -r path; do
        [[ ! -d $path ]] || path+=/
        COMPREPLY+=("\${rest#"$typed"}$path")
      done < <(compgen -f -- "\${path//\\\\/}")
      compopt -o filenames
      [[ \${COMPREPLY[0]-} != */ ]] || compopt -o nospace
    fi
  done < <(command ${program} complete -- "\${words[@]:1}" 2>/dev/null)
}

complete -F _${program} ${program}
`,

  zsh: (program) => `#compdef ${program}
# Completion of ${program} in zsh: source <(${program} completion zsh)
_${program}() {
  local word about
  local -a offered
  while IFS=$'\\t' read -r word about; do
    if [[ $word == :file ]]; then
      compset -p $#about && _files
      return
    fi
    offered+=("\${word//:/\\\\:}\${about:+:$about}")
  done < <(command ${program} complete -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)
  _describe ${program} offered
}

if [[ $funcstack[1] == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi
`,

  fish: (program) => `# Completion of ${program} in fish: ${program} completion fish | source
function __${program}_complete
    set -l words (commandline -opc) (commandline -ct)
    command ${program} complete -- $words[2..] 2>/dev/null | while read -l -d \\t word about
        if test "$word" = :file
            for path in (__fish_complete_path (string sub -s (math (string length -- "$about") + 1) -- $words[-1]))
                echo $about$path
            end
        else
            printf '%s\\t%s\\n' $word $about
        end
    end
end

complete -c ${program} -f -a '(__${program}_complete)'
`,
};
