/** What goes to the terminal: results to standard output, everything said about them to standard error. */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { printable } from 'asymmetric-jwt-auth';

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

/** A style of `util.styleText`, or several. */
export type Style = Parameters<typeof styleText>[0];

/** Colours a text where colours are wanted. */
export function paint(style: Style, text: string, stream: WriteStream = process.stdout): string {
  return wantsColours(stream, process.env) ? styleText(style, text, { validateStream: false }) : text;
}

/**
 * Whether colours are wanted: `FORCE_COLOR` decides, then `NO_COLOR` (https://no-color.org), as in Node itself; then a terminal
 * wants them, unless it is a dumb one.
 */
function wantsColours({ isTTY }: WriteStream, { FORCE_COLOR, NO_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

/**
 * Reader of standard output gone (`ajwt … | head -1`): there is nothing left to do, and nothing went wrong. Any other trouble
 * with it is told.
 */
export function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    complain(`cannot write to standard output: ${error.code ?? 'unknown error'}`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}
