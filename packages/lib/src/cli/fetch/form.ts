/** The body of a request, from `-F`: multipart/form-data (RFC 7578), its files read while they are sent. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Readable } from 'node:stream';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { whyUnreadable } from '../../keys/why-unreadable.ts';
import type { RequestBody } from './body.ts';
import { READ_ERROR } from './exit-codes.ts';

/** A form's body, and the type that names its boundary. */
export interface FormBody extends RequestBody {
  readonly type: string;
}

/** What is between two boundaries. */
interface Part {
  readonly head: string;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  /** Bytes of the content, where that is known before it is read. */
  readonly length: number | undefined;
}

/** Types of files, as curl guesses them. */
const TYPES: Readonly<Record<string, string>> = {
  '.gif': 'image/gif',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.xml': 'application/xml',
};

/**
 * @param given - the values of `-F`: `NAME=TEXT`, `NAME=@FILE`, or `NAME=<FILE` for a file's content as text; each may be
 *   followed by `;type=TYPE` and `;filename=NAME`. A file `-` is standard input.
 * @throws CommandError, for what cannot be read with curl's exit code 26
 */
export async function readForm(given: readonly string[]): Promise<FormBody | undefined> {
  if (given.length === 0) return undefined;
  if (given.filter((one) => /^[^=]*=[@<]-(?:;|$)/.test(one)).length > 1) {
    throw new CommandError('-F: standard input can be used only once');
  }
  const parts: Part[] = [];
  for (const one of given) parts.push(await readPart(one));
  const boundary = `------------------------${randomBytes(12).toString('hex')}`;
  const type = `multipart/form-data; boundary=${boundary}`;
  const pieces = parts.flatMap(({ head, content }) => [Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), content, CRLF]);
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  const inMemory = pieces.filter((piece) => piece instanceof Uint8Array);
  if (inMemory.length === pieces.length) return { type, content: Buffer.concat(inMemory) };

  const content = Readable.from(oneAfterTheOther(pieces));
  const between = inMemory.reduce((sum, piece) => sum + piece.length, 0);
  const files = parts.filter((part) => !(part.content instanceof Uint8Array)).map(({ length }) => length);
  if (files.includes(undefined)) return { type, content };
  return { type, content, length: files.reduce<number>((sum, length) => sum + (length ?? 0), between) };
}

const CRLF = Buffer.from('\r\n');

async function* oneAfterTheOther(pieces: readonly Part['content'][]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* piece;
  }
}

async function readPart(given: string): Promise<Part> {
  const equals = given.indexOf('=');
  if (equals < 1) throw new CommandError('-F: must be NAME=TEXT or NAME=@FILE');
  const name = given.slice(0, equals);
  const [value = '', ...parameters] = given.slice(equals + 1).split(/;[ \t]*(?=(?:type|filename)=)/);
  const { type, filename } = Object.fromEntries(parameters.map(readParameter));
  const path = /^[@<]/.test(value) ? unquote(value.slice(1)) : undefined;
  const isFile = value.startsWith('@');
  const sentName = filename ?? (isFile && path !== undefined ? basename(path) : undefined);
  const sentType =
    type ?? (isFile ? (TYPES[extname(sentName ?? '').toLowerCase()] ?? 'application/octet-stream') : type);
  const head = [
    `Content-Disposition: form-data; name="${quoted(name)}"${sentName === undefined ? '' : `; filename="${quoted(sentName)}"`}`,
    ...(sentType === undefined ? [] : [`Content-Type: ${sentType}`]),
  ].join('\r\n');
  if (path === undefined) return { head, content: Buffer.from(value), length: undefined };
  return { head, ...(path === '-' ? { content: process.stdin, length: undefined } : await openFile(path)) };
}

function readParameter(parameter: string): [name: string, value: string] {
  const equals = parameter.indexOf('=');
  const value = unquote(parameter.slice(equals + 1));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these would begin another header
  if (/[\x00-\x1f\x7f]/.test(value))
    throw new CommandError('-F: type and filename must not contain control characters');
  return [parameter.slice(0, equals), value];
}

function unquote(text: string): string {
  return /^"(?:[^"\\]|\\.)*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

/** As browsers do, and curl (HTML Standard, multipart form data). */
function quoted(name: string): string {
  return name.replace(/[\r\n"]/g, (character) => encodeURIComponent(character));
}

/** Opens a file: it can be read, before anything is sent. What it holds is sent as it is, but no more than it held then. */
async function openFile(path: string): Promise<Pick<Part, 'content' | 'length'>> {
  try {
    const file = await open(path);
    const stat = await file.stat();
    if (!stat.isFile()) {
      // Reading tells what is wrong with a folder; a pipe has no length.
      if (stat.isDirectory()) await file.read();
      return { content: file.createReadStream(), length: undefined };
    }
    if (stat.size === 0) {
      await file.close();
      return { content: new Uint8Array(), length: 0 };
    }
    return { content: wholeFile(path, file.createReadStream({ end: stat.size - 1 }), stat.size), length: stat.size };
  } catch (error) {
    throw new CommandError(`-F: cannot read ${path}: ${whyUnreadable(error)}`, READ_ERROR);
  }
}

async function* wholeFile(path: string, content: AsyncIterable<Buffer>, length: number): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of content) {
    read += chunk.length;
    yield chunk;
  }
  if (read < length) throw new CommandError(`-F: ${path} was truncated while it was being sent`, READ_ERROR);
}
