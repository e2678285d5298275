/** Reads the body of a request, from `-d`. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { IoStreams } from 'ajwt-cli-kit/io';
import { readErrorReason } from '../../keys/read-error.ts';
import { READ_ERROR } from './exit-codes.ts';

/** Larger files are streamed. A streamed body, like standard input, cannot be sent again after a redirect. */
const MAX_IN_MEMORY = 16 * 2 ** 20;

/** A request body. */
export interface RequestBody {
  readonly content: Uint8Array | Readable;
  /** Length in bytes of a stream, if known. */
  readonly length?: number;
}

/**
 * Reads the body.
 *
 * @param given - values of `-d`: a string, `@FILE` or `@-`; several are joined with `&`, as in curl
 * @throws CommandError; with exit code 26, as in curl, if a file cannot be read
 */
export async function readBody(
  given: readonly string[],
  io: Pick<IoStreams, 'stdin'>,
): Promise<RequestBody | undefined> {
  const parts = await Promise.all(given.map((data) => readPart(data, io)));
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first;
  const texts = parts.map(({ content }) => {
    if (content instanceof Uint8Array) return content;
    throw new CommandError('-d: standard input, a pipe or a file over 16 MiB cannot be combined with another -d');
  });
  return { content: Buffer.concat(texts.flatMap((text, index) => (index === 0 ? [text] : [Buffer.from('&'), text]))) };
}

async function readPart(data: string, io: Pick<IoStreams, 'stdin'>): Promise<RequestBody> {
  if (!data.startsWith('@')) return { content: Buffer.from(data) };
  const path = data.slice(1);
  if (path === '-') return { content: io.stdin };
  try {
    const file = await stat(path);
    if (file.isFile() && file.size <= MAX_IN_MEMORY) return { content: await readFile(path) };
    const content = createReadStream(path);
    return file.isFile() ? { content, length: file.size } : { content };
  } catch (error) {
    throw new CommandError(`-d: cannot read ${path}: ${readErrorReason(error)}`, READ_ERROR);
  }
}
