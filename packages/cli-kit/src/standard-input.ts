/** Reads short input. */
import type { IoStreams } from './io.ts';

/**
 * Reads standard input to its end, or up to a limit.
 *
 * @param limit - maximum number of bytes to read; the caller treats input of this length as too long
 */
export async function readStandardInput({ stdin }: Pick<IoStreams, 'stdin'>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, limit);
}
