/** `ajwt completion`: prints the script that a shell reads. */
import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { defineCommand } from '../define-command.ts';
import { refuseMoreWords } from '../parse.ts';
import type { CommandEntry } from '../program.ts';
import { bashCompletion } from './bash.ts';
import { type Completed, readTables } from './completed.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const SHELLS: ReadonlyMap<string, (program: Completed) => string> = new Map([
  ['bash', bashCompletion],
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
]);

export function completionCommand(program: string, commands: ReadonlyMap<string, CommandEntry>): Command {
  const name = `${program} completion`;
  return defineCommand({
    name,
    usage: 'bash|zsh|fish',
    about: [
      `Prints a script that makes the shell complete commands, options, option values and file names with the Tab key. Completing does not run ${program}.`,
      'To install it, add the example for your shell to ~/.bashrc, to ~/.zshrc after compinit, or to ~/.config/fish/config.fish.',
    ],
    options: {},
    choices: [...SHELLS.keys()],
    examples: [`source <(${name} bash)`, `source <(${name} zsh)`, `${name} fish | source`],
    async run(_values, { words, io }) {
      refuseMoreWords(name, words, 1);
      const script = SHELLS.get(words[0] ?? '');
      if (script === undefined) throw new CommandError(`choose a shell: ${[...SHELLS.keys()].join(', ')}`);
      io.print(script(await readTables(program, commands)));
      return 0;
    },
  });
}
