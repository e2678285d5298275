/** Reads the body of a request, from `-F`: multipart/form-data (RFC 7578). Files are read while they are sent. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Readable } from 'node:stream';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { IoStreams } from 'ajwt-cli-kit/io';
import { readErrorReason } from '../../keys/read-error.ts';
import type { RequestBody } from './body.ts';
import { READ_ERROR } from './exit-codes.ts';

/** The body of a form. */
export interface FormBody extends RequestBody {
  /** Content type, with the boundary. */
  readonly type: string;
}

/** One part of a form. */
interface Part {
  readonly head: string;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  /** Length of streamed content in bytes, if known. */
  readonly length: number | undefined;
}

/** Types by file name extension, the same as in curl. */
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
 * Reads the form.
 *
 * @param given - values of `-F`: `NAME=TEXT`, `NAME=@FILE`, or `NAME=<FILE` for the content of a file as a text field; each may
 *   end with `;type=TYPE` and `;filename=NAME`. The file `-` is standard input.
 * @throws CommandError; with exit code 26, as in curl, if a file cannot be read
 */
export async function readForm(given: readonly string[], io: Pick<IoStreams, 'stdin'>): Promise<FormBody | undefined> {
  if (given.length === 0) return undefined;
  if (given.filter((one) => /^[^=]*=[@<]-(?:;|$)/.test(one)).length > 1) {
    throw new CommandError('-F: standard input can be used only once');
  }
  const parts: Part[] = [];
  for (const one of given) parts.push(await readPart(one, io));
  const boundary = `------------------------${randomBytes(12).toString('hex')}`;
  const type = `multipart/form-data; boundary=${boundary}`;
  const pieces = parts.flatMap(({ head, content }) => [Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), content, CRLF]);
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  const inMemory = pieces.filter((piece) => piece instanceof Uint8Array);
  if (inMemory.length === pieces.length) return { type, content: Buffer.concat(inMemory) };

  const content = Readable.from(concatenate(pieces));
  const between = inMemory.reduce((sum, piece) => sum + piece.length, 0);
  const files = parts.filter((part) => !(part.content instanceof Uint8Array)).map(({ length }) => length);
  if (files.includes(undefined)) return { type, content };
  return { type, content, length: files.reduce<number>((sum, length) => sum + (length ?? 0), between) };
}

const CRLF = Buffer.from('\r\n');

async function* concatenate(pieces: readonly Part['content'][]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* piece;
  }
}

async function readPart(given: string, io: Pick<IoStreams, 'stdin'>): Promise<Part> {
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
  return { head, ...(path === '-' ? { content: io.stdin, length: undefined } : await openFile(path)) };
}

function readParameter(parameter: string): [name: string, value: string] {
  const equals = parameter.indexOf('=');
  const value = unquote(parameter.slice(equals + 1));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these could begin another header
  if (/[\x00-\x1f\x7f]/.test(value))
    throw new CommandError('-F: type and filename must not contain control characters');
  return [parameter.slice(0, equals), value];
}

function unquote(text: string): string {
  return /^"(?:[^"\\]|\\.)*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

/** Escapes a name as browsers and curl do (HTML Standard, multipart form data). */
function quoted(name: string): string {
  return name.replace(/[\r\n"]/g, (character) => encodeURIComponent(character));
}

/** Opens a file before anything is sent. Sends at most the length that the file has now. */
async function openFile(path: string): Promise<Pick<Part, 'content' | 'length'>> {
  try {
    const file = await open(path);
    const stat = await file.stat();
    if (!stat.isFile()) {
      // A folder fails here, with the reason. A pipe has no length.
      if (stat.isDirectory()) await file.read();
      return { content: file.createReadStream(), length: undefined };
    }
    if (stat.size === 0) {
      await file.close();
      return { content: new Uint8Array(), length: 0 };
    }
    return { content: wholeFile(path, file.createReadStream({ end: stat.size - 1 }), stat.size), length: stat.size };
  } catch (error) {
    throw new CommandError(`-F: cannot read ${path}: ${readErrorReason(error)}`, READ_ERROR);
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
