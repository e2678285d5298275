/** Turns request bodies into the bytes that are signed and sent. */
import { SignedFetchError } from './error.ts';
import { isRepeatable } from './repeatable.ts';

/** The content of a request (RFC 9110 §6.4), and its type if fetch would set one. */
interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string | null;
}

/**
 * Reads a body once, as fetch would send it. Later changes to a buffer change neither the signed bytes nor the bytes that are sent.
 *
 * @param request - the `Request` that the body belongs to, if any. Its body is read to the end, because nobody can tell whether it was
 *   made from a stream
 * @param signal - ends the reading of a `Request` early
 * @returns the content, or `undefined` if there is no body
 * @throws SignedFetchError if the body is a stream
 */
export async function readContent(
  body: unknown,
  request: Request | undefined,
  signal: AbortSignal | null,
): Promise<Content | undefined> {
  if (body == null) return undefined;
  let whole = body as BodyInit;
  if (body === request?.body) {
    if (request.bodyUsed) throw new TypeError('the body of the Request has already been read');
    whole = request.body.pipeThrough(new TransformStream(), signal ? { signal } : {});
  } else if (!isRepeatable(body)) {
    throw new SignedFetchError(
      'body_not_signable',
      'the digest of a stream is not known before it is sent; pass bytes, or sign with createAuthorization and bind.digest',
    );
  }
  const read = new Response(whole);
  return { bytes: new Uint8Array(await read.arrayBuffer()), type: read.headers.get('content-type') };
}
