/** The command that makes shells complete a program: `ajwt completion bash`. */
import type { CommandEntry } from './command.ts';

/** Makes the entry of the command `completion`. @param program - name of the program */
export function completion(program: string): CommandEntry {
  return {
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion/command.ts')).completionCommand(program),
  };
}
