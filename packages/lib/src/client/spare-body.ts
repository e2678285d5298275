/** Copies the body of a `Request` while the body is sent, because the body can be read only once. */

/** Longest copy, in bytes. The copy never reads further ahead of the sender than this. */
const MAX_LENGTH = 256 * 1024;

/** A copy of a body. */
interface SpareBody {
  /** Returns the whole body, or `undefined` if it is too long or has not ended yet. */
  whole(): Uint8Array<ArrayBuffer> | undefined;
  /** Stops copying. Until then, the source of the body is not canceled, even if the request is. */
  end(): void;
}

/**
 * Copies the body of a request.
 *
 * @param request - a request that has not been sent yet
 * @returns the copy, or `undefined` if there is nothing to copy
 */
export function spareBody(request: Request): SpareBody | undefined {
  if (request.body === null || request.bodyUsed) return undefined;
  const reader = request.clone().body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let whole: Uint8Array<ArrayBuffer> | undefined;
  // Ignore errors of the body: the fetch that sends it reports them.
  const end = () => void reader.cancel().catch(() => undefined);

  async function read(): Promise<void> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MAX_LENGTH) return end();
      chunks.push(value);
    }
    whole = joined(chunks, length);
  }

  read().catch(() => undefined);
  return { whole: () => whole, end };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
