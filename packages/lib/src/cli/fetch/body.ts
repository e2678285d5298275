/** Reads the body of a request, from `-d` and similar options. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { IoStreams } from 'ajwt-cli-kit/io';
import { readErrorReason } from '../../keys/read-error.ts';
import { READ_ERROR } from './exit-codes.ts';

/** Larger files are streamed. A streamed body, like standard input, cannot be sent again. */
const MAX_IN_MEMORY = 16 * 2 ** 20;

/** A request body. */
export interface RequestBody {
  readonly content: Uint8Array | Readable;
  /** Length in bytes of a stream, if known. */
  readonly length?: number;
}

/** How each option reads its value. */
const KINDS = {
  data: { reads: 'file', joint: '&', name: '-d' },
  'data-binary': { reads: 'file', joint: '&', name: '--data-binary' },
  'data-raw': { reads: 'text', joint: '&', name: '--data-raw' },
  'data-urlencode': { reads: 'encoded', joint: '&', name: '--data-urlencode' },
  json: { reads: 'file', joint: '', name: '--json' },
} as const;

/** One option that adds to the data. */
export interface DataPart {
  readonly kind: keyof typeof KINDS;
  readonly value: string;
}

/** Selects the options that add to the data, in the order given. */
export function dataParts(given: readonly (readonly [name: string, value: string])[]): readonly DataPart[] {
  return given.flatMap(([name, value]) =>
    Object.hasOwn(KINDS, name) ? [{ kind: name as DataPart['kind'], value }] : [],
  );
}

/**
 * Reads the body. Parts are joined as in curl: with `&`, except those of `--json`.
 *
 * @throws CommandError; with exit code 26, as in curl, if a file cannot be read
 */
export async function readBody(
  given: readonly DataPart[],
  io: Pick<IoStreams, 'stdin'>,
): Promise<RequestBody | undefined> {
  const parts = await Promise.all(given.map((part) => readPart(part, io)));
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first;
  const pieces = parts.flatMap(({ content }, index) => {
    const { joint, name } = KINDS[(given[index] as DataPart).kind];
    if (!(content instanceof Uint8Array)) {
      throw new CommandError(
        `${name}: standard input, a pipe or a file over 16 MiB cannot be combined with other data`,
      );
    }
    return index === 0 ? [content] : [Buffer.from(joint), content];
  });
  return { content: Buffer.concat(pieces) };
}

async function readPart({ kind, value }: DataPart, io: Pick<IoStreams, 'stdin'>): Promise<RequestBody> {
  const { reads, name } = KINDS[kind];
  if (reads === 'encoded') {
    const { readEncoded } = await import('./urlencode.ts');
    return { content: await readEncoded(value, (path) => readWhole(name, path, io)) };
  }
  if (reads === 'text' || !value.startsWith('@')) return { content: Buffer.from(value) };
  return readFileBody(name, value.slice(1), io);
}

/** Reads a file into memory, or opens it if it is large or a pipe. @param path - `-` for standard input */
export async function readFileBody(option: string, path: string, io: Pick<IoStreams, 'stdin'>): Promise<RequestBody> {
  if (path === '-') return { content: io.stdin };
  try {
    const file = await stat(path);
    if (file.isDirectory() || (file.isFile() && file.size <= MAX_IN_MEMORY)) return { content: await readFile(path) };
    const content = createReadStream(path);
    return file.isFile() ? { content, length: file.size } : { content };
  } catch (error) {
    throw new CommandError(`${option}: cannot read ${path}: ${readErrorReason(error)}`, READ_ERROR);
  }
}

async function readWhole(option: string, path: string, io: Pick<IoStreams, 'stdin'>): Promise<Uint8Array> {
  const { content } = await readFileBody(option, path, io);
  if (content instanceof Uint8Array) return content;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_IN_MEMORY) throw new CommandError(`${option}: ${path} is longer than 16 MiB`);
  }
  return Buffer.concat(chunks);
}
