/** Decodes a compressed response, for `--compressed`. */
import { pipeline, Readable, type Transform } from 'node:stream';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { BAD_ENCODING } from './exit-codes.ts';

/** Maximum number of encodings, as in curl. Each needs a decoder, which takes memory. */
const MAX_ENCODINGS = 5;

/**
 * Decodes the chunks of a body.
 *
 * @param encodings - value of the Content-Encoding header
 * @throws CommandError with exit code 61, as in curl, for an unknown encoding, more than five encodings, or an invalid body
 */
export async function* decode(
  chunks: AsyncIterable<Uint8Array>,
  encodings: string,
  host: string,
): AsyncGenerator<Uint8Array> {
  const names = encodings
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length > MAX_ENCODINGS) {
    throw new CommandError(`${host}: the response has more than ${MAX_ENCODINGS} encodings`, BAD_ENCODING);
  }
  const zlib = await import('node:zlib');
  const decoders: Readonly<Record<string, () => Transform>> = {
    gzip: zlib.createGunzip,
    'x-gzip': zlib.createGunzip,
    deflate: zlib.createInflate,
    br: zlib.createBrotliDecompress,
    zstd: zlib.createZstdDecompress,
  };
  const unknown = names.find((name) => !Object.hasOwn(decoders, name));
  if (unknown !== undefined)
    throw new CommandError(`${host}: the response has an unknown Content-Encoding`, BAD_ENCODING);
  const source = Readable.from(chunks);
  // The encoding that was applied last is decoded first (RFC 9110 §8.4).
  const last = names.reverse().reduce<Readable>((from, name) => {
    const decoder = decoders[name]?.() as Transform;
    return pipeline(from, decoder, () => {}) as Transform;
  }, source);
  try {
    yield* last;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${host}: the compressed response is not valid (${code ?? 'unknown error'})`, BAD_ENCODING);
  }
}
