/** Reads the body of a response. */
import type { Exchanged } from './exchange.ts';
import { bodyError } from './exit-codes.ts';
import type { Measurements } from './measurements.ts';
import type { Progress } from './progress.ts';
import { MAX_PROBLEM } from './refusal.ts';

/** Reads enough of a body to recognize a refusal. */
export async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ beginning: string; whole: AsyncIterable<Uint8Array> }> {
  const read: Uint8Array[] = [];
  const iterator = chunks[Symbol.asyncIterator]();
  let length = 0;
  while (length < MAX_PROBLEM) {
    const { done, value } = await iterator.next();
    if (done) break;
    read.push(value);
    length += value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* read;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { beginning: Buffer.concat(read).toString('utf8', 0, MAX_PROBLEM), whole: all() };
}

/** Yields the chunks of a body. @throws CommandError if it ends early or a time limit is exceeded */
export async function* chunksOf(
  { response, url, close }: Exchanged,
  signal: AbortSignal,
  measured: Measurements,
  progress: Progress | undefined,
): AsyncGenerator<Uint8Array> {
  const length = response.headers['content-length'];
  signal.addEventListener('abort', close);
  try {
    if (signal.aborted) throw signal.reason;
    for await (const chunk of response) {
      measured.downloaded += chunk.length;
      progress?.received(chunk.length, length === undefined ? undefined : Number(length));
      yield chunk;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : bodyError(error, url);
  } finally {
    signal.removeEventListener('abort', close);
  }
}
