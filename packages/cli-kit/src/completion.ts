/** The command that makes shells complete a program: `ajwt completion bash`. */
import type { CommandEntry } from './program.ts';

/**
 * @param program - its name
 * @param commands - of the program; asked for when they are completed, as this entry is one of them
 */
export function completion(program: string, commands: () => ReadonlyMap<string, CommandEntry>): CommandEntry {
  return {
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion/command.ts')).completionCommand(program, commands()),
  };
}
