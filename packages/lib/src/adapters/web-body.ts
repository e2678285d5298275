/** Hashes the body of a `Request`, and lets the handler read the same bytes from the same object afterwards. */
import { Sha256 } from '#engine';
import { BodyError } from '../core/body-error.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import { BODY_PATIENCE, type BodyOptions, READ_BEFORE, readBodyOptions } from './body-options.ts';
import { ByteBuffer } from './byte-buffer.ts';

/** Returns how to check the body of a `Request`. */
export function webBodyCheck(
  request: Request,
  body: BodyOptions,
): Pick<AuthenticationRequest, 'bodyDigest' | 'checkBodyLater'> {
  if (body.body === 'stream') return { checkBodyLater: (digest) => checkWebBody(request, digest) };
  return { bodyDigest: () => bufferWebBody(request, readBodyOptions(body)) };
}

type Chunk = Uint8Array<ArrayBuffer>;

/** The digests of the bodies that have been read, for a second authenticator. */
const digests = new WeakMap<object, Promise<string>>();

/**
 * Reads a body into memory, and puts it back: the request's methods and its `body` then return the same bytes, as if nobody had read them.
 * To copy the request afterwards, call `request.clone()` or `new Request(request.url, request)`; `new Request(request)` throws.
 *
 * @param request - a request that nobody has begun to read
 * @param maxBytes - the longest body that is read
 * @returns the SHA-256 of the bytes as received, in unpadded base64url
 * @throws BodyError if the body is too long, or if the caller aborts it or pauses for 30 seconds; Error if the body was read before
 *
 * @example
 * ```ts
 * import { bufferWebBody } from 'asymmetric-jwt-auth/web';
 *
 * const request = new Request('https://api.example.com/orders', { method: 'POST', body: '{"amount":5}' });
 * console.log(await bufferWebBody(request, 1024)); // foTL8PenySwDcFhmXWYVL464WAqyU05SyHe8zOucx78
 * console.log((await request.json()).amount); // 5
 * ```
 */
export function bufferWebBody(request: Request, maxBytes: number): Promise<string> {
  const known = digests.get(request);
  if (known !== undefined) return known;
  const digest = readAll(request, maxBytes);
  digests.set(request, digest);
  return digest;
}

async function readAll(request: Request, maxBytes: number): Promise<string> {
  const body = unreadBody(request);
  const hash = new Sha256();
  if (body === null) return hash.digest();

  const reader = body.getReader();
  const bytes = new ByteBuffer(maxBytes);
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    discard(reader);
    throw new BodyError('body_too_large');
  }
  for (;;) {
    const chunk = await nextChunk(reader);
    if (chunk === undefined) break;
    if (bytes.append(chunk)) continue;
    discard(reader);
    throw new BodyError('body_too_large');
  }
  replaceBody(request, bytes.whole());
  hash.update(bytes.whole());
  return hash.digest();
}

/** Reads the rest of a body. Unread, it would block the next request of the connection on some servers. */
async function discard(reader: ReadableStreamDefaultReader<Chunk>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // The caller has closed the connection.
  }
}

/** @returns `undefined` at the end. @throws BodyError if the body breaks off, or if nothing arrives in time */
async function nextChunk(reader: ReadableStreamDefaultReader<Chunk>): Promise<Chunk | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BodyError('body_incomplete')), BODY_PATIENCE);
  });
  try {
    return (await Promise.race([reader.read(), late])).value;
  } catch {
    reader.cancel().catch(() => {});
    throw new BodyError('body_incomplete');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Checks a body while the handler reads it. If the body is not the signed one, its stream fails instead of ending.
 *
 * @param request - a request that nobody has begun to read
 * @param digest - the SHA-256 that was signed, in unpadded base64url
 * @returns a promise that resolves when the whole body was read and has this digest, and otherwise rejects with a BodyError. It stays pending
 *   while nobody reads the body
 * @throws BodyError if there is no body and another one was signed; Error if the body was read before
 *
 * @example
 * ```ts
 * import { checkWebBody } from 'asymmetric-jwt-auth/web';
 *
 * const request = new Request('https://api.example.com/orders', { method: 'POST', body: '{"amount":6}' });
 * const checked = checkWebBody(request, 'foTL8PenySwDcFhmXWYVL464WAqyU05SyHe8zOucx78');
 * await Promise.all([request.json(), checked]).catch((error) => console.log(error.code)); // binding_mismatch
 * ```
 */
export function checkWebBody(request: Request, digest: string): Promise<void> {
  const body = unreadBody(request);
  const hash = new Sha256();
  if (body === null) {
    if (hash.digest() === digest) return Promise.resolve();
    throw new BodyError('binding_mismatch');
  }
  return new Promise((resolve, reject) => {
    const reader = body.getReader();
    const checked = new ReadableStream<Chunk>({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            hash.update(value);
            return controller.enqueue(value);
          }
        } catch {
          return fail(controller, new BodyError('body_incomplete'));
        }
        if (hash.digest() !== digest) return fail(controller, new BodyError('binding_mismatch'));
        resolve();
        controller.close();
      },
      cancel(reason) {
        reject(new BodyError('body_incomplete'));
        return reader.cancel(reason);
      },
    });
    function fail(controller: ReadableStreamDefaultController, error: BodyError): void {
      reject(error);
      controller.error(error);
    }
    replaceBody(request, checked);
  });
}

/** @throws Error if the body was read before, or is being read */
function unreadBody(request: Request): ReadableStream<Chunk> | null {
  const { body, bodyUsed } = request;
  if (bodyUsed || body?.locked === true) throw new Error(READ_BEFORE);
  return body as ReadableStream<Chunk> | null;
}

const READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

/**
 * Lets a request return another body. Frameworks keep references to the request, and some have their own subclasses of `Request`, so it
 * must stay the same object.
 */
function replaceBody(request: Request, body: BodyInit): void {
  const { url, method, headers, signal } = request;
  // A stream needs `duplex`, which TypeScript does not know.
  const init: RequestInit & { duplex: 'half' } = { method, headers, signal, body, duplex: 'half' };
  const inner = new Request(url, init);
  const methods = [...READERS, 'clone'].map((name) => [
    name,
    { configurable: true, value: () => (inner as unknown as Record<string, () => unknown>)[name]?.() },
  ]);
  Object.defineProperties(request, {
    ...Object.fromEntries(methods),
    body: { configurable: true, get: () => inner.body },
    bodyUsed: { configurable: true, get: () => inner.bodyUsed },
  });
}
