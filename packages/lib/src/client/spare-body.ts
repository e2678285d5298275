/** The body of a `Request`, which can be read once only: read a second time beside its being sent, it can be sent again. */

/** Longest body that is kept; a stream is read ahead by no more. */
const MAX_LENGTH = 256 * 1024;

/** A second reading of a body. */
export interface SpareBody {
  /** @returns the whole body; `undefined` where it is too long, or has not come to its end */
  whole(): Uint8Array<ArrayBuffer> | undefined;
  /** Lets go of it: until then, whoever wrote the body does not hear that nobody reads it. */
  end(): void;
}

/**
 * @param request - not sent yet
 * @returns `undefined` where there is nothing to read
 */
export function spareBody(request: Request): SpareBody | undefined {
  if (request.body === null || request.bodyUsed) return undefined;
  const reader = request.clone().body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let whole: Uint8Array<ArrayBuffer> | undefined;
  // A body that breaks off is told by the fetch that sends it.
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
