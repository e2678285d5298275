/** Short texts from standard input. */

/**
 * Reads standard input to its end, or as far as anybody needs it.
 *
 * @param limit - bytes after which nothing more is read: whoever asked will find the text too long
 */
export async function readStandardInput(limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, limit);
}
