/** Makes a command from its definition. */
import type { Command, CommandDefinition, Options } from './command.ts';
import { commandHelp } from './help.ts';
import { parseWords } from './parse.ts';
import { print } from './terminal.ts';

/** Puts a command together: options are parsed by its table, and `--help` is answered. */
export function defineCommand<const T extends Options>(definition: CommandDefinition<T>): Command {
  const { name, options, choices } = definition;
  const help = () => commandHelp(definition);
  return {
    options,
    choices,
    help,
    async run(args) {
      const parsed = parseWords(name, options, args);
      if (parsed !== 'help') return definition.run(parsed.values, parsed.words, parsed.named);
      print(help());
      return 0;
    },
  };
}
