/** The body of a request, from `-d`. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { whyUnreadable } from '../../keys/why-unreadable.ts';
import { READ_ERROR } from './exit-codes.ts';

/** Larger files are not held in memory; then, as with standard input, the body cannot be sent a second time. */
const MAX_IN_MEMORY = 16 * 2 ** 20;

/** A body, and its length where that must be told apart from it. */
export interface RequestBody {
  readonly content: Uint8Array | Readable;
  readonly length?: number;
}

/**
 * @param given - the values of `-d`: text, `@FILE` or `@-`; several are joined with `&`, as curl does
 * @throws CommandError, for what cannot be read with curl's exit code 26
 */
export async function readBody(given: readonly string[]): Promise<RequestBody | undefined> {
  const parts = await Promise.all(given.map(readPart));
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first;
  const texts = parts.map(({ content }) => {
    if (content instanceof Uint8Array) return content;
    throw new CommandError('-d: standard input, a pipe or a file over 16 MiB cannot be combined with another -d');
  });
  return { content: Buffer.concat(texts.flatMap((text, index) => (index === 0 ? [text] : [Buffer.from('&'), text]))) };
}

async function readPart(data: string): Promise<RequestBody> {
  if (!data.startsWith('@')) return { content: Buffer.from(data) };
  const path = data.slice(1);
  if (path === '-') return { content: process.stdin };
  try {
    const file = await stat(path);
    if (file.isFile() && file.size <= MAX_IN_MEMORY) return { content: await readFile(path) };
    const content = createReadStream(path);
    return file.isFile() ? { content, length: file.size } : { content };
  } catch (error) {
    throw new CommandError(`-d: cannot read ${path}: ${whyUnreadable(error)}`, READ_ERROR);
  }
}
