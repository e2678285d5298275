/** `-v`: prints requests and responses in the format of curl, without the token. */
import { type Io, oneLine } from 'ajwt-cli-kit/io';

/** Receives each request and response, as lines with one character per byte. */
export interface Trace {
  /** @param lines - request line and headers */
  sent(lines: readonly string[]): void;
  /** @param lines - status line and headers */
  received(lines: readonly string[]): void;
  /** @param text - one line about the connection */
  about(text: string): void;
}

/** Prints to standard error. A token is never printed, even if the server sends it back. */
export function printTrace(io: Io): Trace {
  const secrets: string[] = [];
  const say = (mark: string, text: string) => {
    const readable = Buffer.from(text, 'latin1').toString();
    const shown = secrets.reduce((line, secret) => line.replaceAll(secret, '[redacted]'), readable);
    io.note(`${io.paint('dim', mark, io.stderr)}${shown === '' ? '' : ` ${oneLine(shown)}`}`);
  };
  return {
    sent(lines) {
      for (const line of lines) secrets.push(...secretsIn(line));
      for (const line of [...lines, '']) say('>', line);
    },
    received(lines) {
      for (const line of [...lines, '']) say('<', line);
    },
    about: (text) => say('*', text),
  };
}

/** Returns the token and its signature, which is a secret by itself. */
function secretsIn(line: string): string[] {
  const token = /^(?:proxy-)?authorization: *\S+ +(\S+)$/i.exec(line)?.[1];
  return token === undefined ? [] : [token, token.slice(token.lastIndexOf('.') + 1)];
}
