/** What goes to the terminal: results to standard output, everything said about them to standard error. */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { printable } from '../core/printable.ts';

/** Prints a result. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Says something to the person at the terminal. */
export function note(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

let program = 'ajwt';

/** Says which program speaks. */
export function nameProgram(name: string): void {
  program = name;
}

/** Says in one line what went wrong. */
export function complain(message: string): void {
  note(`${program}: ${oneLine(message)}`);
}

/** Escapes what could leave the line or steer the terminal; backslashes stay, as the words are mostly our own. */
export function oneLine(text: string): string {
  return text.replace(/[^\\]+/g, (part) => printable(part, part.length));
}

type Style = Parameters<typeof styleText>[0];

/** Colours a text, on a terminal that wants colours (https://no-color.org). */
export function paint(style: Style, text: string, stream: WriteStream = process.stdout): string {
  return stream.isTTY ? styleText(style, text, { stream }) : text;
}

/**
 * Reader of standard output gone (`ajwt … | head -1`): there is nothing left to do, and nothing went wrong. Any other trouble
 * with it is told.
 */
export function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    complain(`standard output cannot be written: ${error.code ?? 'unknown error'}`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}
