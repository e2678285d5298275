/** Handles what a command reads and writes. Results go to standard output, all other messages to standard error. */
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';
import { printable } from '../../lib/src/core/printable.ts';
import { CommandError } from './command-error.ts';

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean };

/** The streams and environment of a process or of a test. */
export interface IoStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Asks the person at the terminal, without showing what is typed.
   *
   * @returns the answer; an empty string if the person gives up; `undefined` if there is no terminal
   */
  readonly ask: (question: string) => Promise<string | undefined>;
}

/** A style of `util.styleText`, or several. */
export type Style = Parameters<typeof styleText>[0];

/** Reads and writes for one run of a program. */
export class Io implements IoStreams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: IoStreams['env'];
  readonly ask: IoStreams['ask'];
  readonly #program: string;
  readonly #streams: IoStreams;
  #stdinUser: string | undefined;

  /** @param program - the name at the start of error messages */
  constructor(program: string, streams: IoStreams) {
    this.#program = program;
    this.#streams = streams;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.env = streams.env;
    this.ask = streams.ask;
  }

  /** Standard input. Node opens it on first access, which takes time. @throws CommandError after {@link endStdin} */
  get stdin(): IoStreams['stdin'] {
    if (this.#stdinUser === undefined) return this.#streams.stdin;
    throw new CommandError(`${this.#stdinUser} already reads standard input; use a file for one of the two`);
  }

  /**
   * Refuses standard input to later readers, which would silently read nothing.
   *
   * @param user - the option that has read all of it
   */
  endStdin(user: string): void {
    this.#stdinUser = user;
  }

  /** Prints a result. */
  print(text: string): void {
    this.stdout.write(endLine(text));
  }

  /** Prints a message to standard error. */
  note(text: string): void {
    this.stderr.write(endLine(text));
  }

  /** Prints an error in one line, after the name of the program. */
  complain(message: string): void {
    this.note(`${this.#program}: ${oneLine(message)}`);
  }

  /** Colors text if the stream should have colors. */
  paint(style: Style, text: string, stream: OutputStream = this.stdout): string {
    return wantsColors(stream, this.env) ? styleText(style, text, { validateStream: false }) : text;
  }
}

function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * Escapes characters that could end the line or control the terminal. Backslashes are not escaped, because the program itself writes most
 * of the text.
 */
export function oneLine(text: string): string {
  return text.replace(/[^\\]+/g, (part) => printable(part, part.length));
}

/**
 * Decides whether to use colors, with the rules of Node: first `FORCE_COLOR` decides, then `NO_COLOR` (https://no-color.org). Otherwise a
 * terminal gets colors, unless `TERM` is `dumb`.
 */
function wantsColors({ isTTY = false }: OutputStream, { FORCE_COLOR, NO_COLOR, TERM }: IoStreams['env']): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}
