/** `ajwt completion`: prints the script for a shell. */
import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { defineCommand } from '../define-command.ts';
import { refuseMoreWords } from '../parse.ts';
import { SCRIPTS } from './scripts.ts';

const SHELLS = Object.keys(SCRIPTS);

/** Makes the command `completion` of a program. */
export function completionCommand(program: string): Command {
  const name = `${program} completion`;
  return defineCommand({
    name,
    usage: SHELLS.join('|'),
    about: [
      `Prints a script that makes the shell complete commands, options, option values and file names with the Tab key. The script calls ${program} for the candidates.`,
      'To install it, add the example for your shell to ~/.bashrc, to ~/.zshrc after compinit, or to ~/.config/fish/config.fish.',
    ],
    options: {},
    choices: SHELLS,
    examples: [`source <(${name} bash)`, `source <(${name} zsh)`, `${name} fish | source`],
    async run(_values, { words, io }) {
      refuseMoreWords(name, words, 1);
      const [shell = ''] = words;
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script === undefined) throw new CommandError(`choose a shell: ${SHELLS.join(', ')}`);
      io.print(script(program));
      return 0;
    },
  });
}
