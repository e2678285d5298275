/** Makes a command from its definition. */
import type { Command, CommandDefinition, Options } from './command.ts';
import { commandHelp } from './help.ts';
import { parseWords } from './parse.ts';
import { addMembers, addSecretFiles } from './sources.ts';

/** Makes a command that parses its options, and prints its help for `--help`. */
export function defineCommand<const T extends Options>(definition: CommandDefinition<T>): Command {
  const { name, options, choices, refused } = definition;
  const help = () => commandHelp(definition);
  return {
    options,
    choices,
    help,
    async run(args, io) {
      const parsed = parseWords(name, options, args, io.env, refused);
      if (parsed === 'help') {
        io.print(help());
        return 0;
      }
      const fixed = { ...parsed, ...(await addSecretFiles(options, parsed, io.env)) };
      const readAgain = () => addMembers(options, fixed);
      const settings = await readAgain();
      return definition.run(settings.values, { ...fixed, ...settings, readAgain, io });
    },
  };
}
