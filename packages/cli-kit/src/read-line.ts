/** Reads a line from a file descriptor that the parent process opened. */
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { CommandError } from './command-error.ts';

/** Maximum length of a line, in bytes. */
const MAX_LINE = 1024;

/**
 * Reads one line, and leaves everything after it unread, for other programs.
 *
 * @param option - name of the option, for messages
 * @param given - number of the file descriptor, as typed
 * @returns the line without its newline; never empty
 * @throws CommandError if the descriptor cannot be read, or the line is empty or too long
 */
export async function readLine(option: string, given: string): Promise<string> {
  if (!/^\d{1,4}$/.test(given)) throw new CommandError(`${option}: must be the number of an open file descriptor`);
  const readSome = promisify(read);
  const byte = Buffer.alloc(1);
  const line: number[] = [];
  for (;;) {
    const { bytesRead } = await readSome(Number(given), byte, 0, 1, null).catch((error: NodeJS.ErrnoException) => {
      throw new CommandError(`${option}: cannot read file descriptor ${given}: ${error.code ?? 'unknown error'}`);
    });
    if (bytesRead === 0 || byte[0] === 0x0a) break;
    if (line.length === MAX_LINE)
      throw new CommandError(`${option} ${given}: the line is longer than ${MAX_LINE} bytes`);
    line.push(byte[0] as number);
  }
  if (line.length === 0) throw new CommandError(`${option} ${given}: the line is empty`);
  return Buffer.from(line).toString('utf8');
}
