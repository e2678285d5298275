/** `-v`: what goes over the wire, told as curl tells it, but for the token. */
import { note, oneLine, paint } from 'ajwt-cli-kit/terminal';

/** Hears of each request and each answer, in lines of one character for each byte. */
export interface Trace {
  /** @param lines - request line and headers */
  sent(lines: readonly string[]): void;
  /** @param lines - status line and headers */
  received(lines: readonly string[]): void;
  /** Something about the connection. */
  about(text: string): void;
}

/** Tells it on standard error. A token is never shown, wherever a server may send it back. */
export function tellTrace(): Trace {
  const secrets: string[] = [];
  const say = (mark: string, text: string) => {
    const readable = Buffer.from(text, 'latin1').toString();
    const shown = secrets.reduce((line, secret) => line.replaceAll(secret, '[redacted]'), readable);
    note(`${paint('dim', mark, process.stderr)}${shown === '' ? '' : ` ${oneLine(shown)}`}`);
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

/** The token, and its signature: without the rest, that is a secret no less. */
function secretsIn(line: string): string[] {
  const token = /^authorization: *\S+ +(\S+)$/i.exec(line)?.[1];
  return token === undefined ? [] : [token, token.slice(token.lastIndexOf('.') + 1)];
}
