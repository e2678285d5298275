/** Hashes the body of a `node:http` request, and lets the framework read the same bytes afterwards. */
import { Sha256 } from '#engine';
import { BodyError } from '../core/body-error.ts';
import { BODY_PATIENCE, READ_BEFORE } from './body-options.ts';
import { ByteBuffer } from './byte-buffer.ts';

/** The part of an `http.IncomingMessage`, or of another readable stream, that is used to hash its body. */
export interface NodeBody {
  readonly headers?: { readonly 'content-length'?: string | undefined };
  readonly readableDidRead: boolean;
  readonly readableEnded: boolean;
  readonly readableEncoding: string | null;
  readonly readableLength: number;
  readonly destroyed: boolean;
  push(chunk: Uint8Array | null): boolean;
  read(): Uint8Array | null;
  unshift(chunk: Uint8Array): void;
  resume(): unknown;
  destroy(error?: Error): unknown;
  _destroy(error: Error | null, callback: (error?: Error | null) => void): void;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  listenerCount(event: string): number;
}

/** The parts that Node does not document. Bun and Deno have them too. */
interface Internals {
  /** `ended`: all bytes have arrived. They may be unread. `complete` of a request says the same, but other streams have no such member. */
  readonly _readableState: { readonly ended: boolean };
  /** Whether Node believes that someone reads the body. */
  _consumed?: boolean;
}

const hasEnded = (body: NodeBody) => (body as NodeBody & Internals)._readableState.ended;

/** The digests of the bodies that have been read, for a second authenticator. */
const digests = new WeakMap<object, Promise<string>>();

/**
 * Reads a body into memory, and puts it back: whoever reads the request next gets the same bytes, as if nobody had read them.
 *
 * @param body - a request that nobody has begun to read
 * @param maxBytes - the longest body that is read
 * @returns the SHA-256 of the bytes as received, in unpadded base64url
 * @throws BodyError if the body is too long, or if the caller aborts it or pauses for 30 seconds; Error if the body was read before
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { bufferBody } from 'asymmetric-jwt-auth/node';
 *
 * const server = createServer(async (request, response) => {
 *   const digest = await bufferBody(request, 1024);
 *   let text = '';
 *   for await (const chunk of request) text += chunk;
 *   response.end(`${text} has the digest ${digest}`);
 * });
 * ```
 */
export function bufferBody(body: NodeBody, maxBytes: number): Promise<string> {
  const known = digests.get(body);
  if (known !== undefined) return known;
  const digest = readAll(body, maxBytes);
  digests.set(body, digest);
  return digest;
}

async function readAll(body: NodeBody, maxBytes: number): Promise<string> {
  refuseReadBody(body);
  if (Number(body.headers?.['content-length'] ?? 0) > maxBytes) throw new BodyError('body_too_large');
  const bytes = new ByteBuffer(maxBytes);
  // Reading an empty stream that has ended would emit `end` before the framework listens.
  while (!takeAvailable(body, bytes)) await moreOf(body);
  const hash = new Sha256();
  hash.update(bytes.whole());
  return hash.digest();
}

/**
 * Reads the bytes that have arrived. Puts all bytes back in the same turn in which the last ones are read; later, the stream has ended and
 * refuses them.
 *
 * @returns whether the body is complete
 */
function takeAvailable(body: NodeBody, bytes: ByteBuffer): boolean {
  while (body.readableLength > 0) {
    const chunk = body.read();
    if (chunk === null) break;
    if (!bytes.append(chunk)) {
      // Without a reader, the rest would block the next request of the connection.
      body.resume();
      throw new BodyError('body_too_large');
    }
  }
  if (!hasEnded(body)) {
    if (body.destroyed) throw new BodyError('body_incomplete');
    return false;
  }
  if (bytes.length > 0) body.unshift(bytes.whole());
  return true;
}

/** Waits until there is something to read. @throws BodyError if the body breaks off, or if nothing arrives in time */
function moreOf(body: NodeBody): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => () => {
      clearTimeout(timer);
      body.off('readable', onReadable);
      body.off('close', onClose);
      body.off('error', onClose);
      then();
    };
    const onReadable = settle(resolve);
    const onClose = settle(() => reject(new BodyError('body_incomplete')));
    const onLate = settle(() => {
      body.resume();
      reject(new BodyError('body_incomplete'));
    });
    const timer = setTimeout(onLate, BODY_PATIENCE);
    body.on('readable', onReadable);
    body.on('close', onClose);
    body.on('error', onClose);
  });
}

/**
 * Checks a body while the handler reads it. If the body is not the signed one, the stream fails instead of ending. The connection stays
 * usable, so the handler can still respond.
 *
 * @param body - a request that nobody has begun to read
 * @param digest - the SHA-256 that was signed, in unpadded base64url
 * @returns a promise that resolves when the whole body was read and has this digest, and otherwise rejects with a BodyError. It stays pending
 *   while nobody reads the body
 * @throws BodyError if the whole body has arrived and is not the signed one; Error if the body was read before
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { checkBodyStream } from 'asymmetric-jwt-auth/node';
 *
 * const server = createServer(async (request, response) => {
 *   const checked = checkBodyStream(request, '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
 *   request.resume(); // your own code reads the body here
 *   await checked;
 *   response.end('the body is the one that was signed');
 * });
 * ```
 */
export function checkBodyStream(body: NodeBody, digest: string): Promise<void> {
  refuseReadBody(body);
  const hash = new Sha256();
  hashArrived(body, hash);
  if (hasEnded(body)) {
    if (hash.digest() === digest) return Promise.resolve();
    throw new BodyError('binding_mismatch');
  }

  return new Promise((resolve, reject) => {
    const { push } = body;
    body.push = (chunk) => {
      if (chunk !== null) {
        hash.update(chunk);
        return push.call(body, chunk);
      }
      body.push = push;
      if (hash.digest() === digest) {
        resolve();
        return push.call(body, null);
      }
      const error = new BodyError('binding_mismatch');
      reject(error);
      fail(body, error);
      return false;
    };
    body.on('close', () => reject(new BodyError('body_incomplete')));
  });
}

/** Hashes the bytes that have arrived, and puts them back. */
function hashArrived(body: NodeBody, hash: Sha256): void {
  const chunks: Uint8Array[] = [];
  while (body.readableLength > 0) {
    const chunk = body.read();
    if (chunk === null) break;
    hash.update(chunk);
    chunks.push(chunk);
  }
  for (const chunk of chunks.reverse()) body.unshift(chunk);
  // Otherwise Node would believe that the handler reads the body, and not discard it for a handler that does not.
  (body as NodeBody & Internals)._consumed = false;
}

/** Makes a stream fail, without closing the connection as `destroy()` of an `http.IncomingMessage` does. */
function fail(body: NodeBody, error: Error): void {
  // As in Node, an error that nobody listens for is not emitted. It would end the process.
  body._destroy = (_, done) => queueMicrotask(() => done(body.listenerCount('error') === 0 ? null : error));
  body.destroy(error);
}

/** @throws Error if the body was read before, or is being read */
function refuseReadBody(body: NodeBody): void {
  if (typeof body.unshift !== 'function') throw new Error('the request is not a stream, so its body cannot be checked');
  const isBeingRead = body.listenerCount('data') > 0 || body.listenerCount('readable') > 0;
  if (body.readableDidRead || body.readableEncoding !== null || isBeingRead) throw new Error(READ_BEFORE);
  if (body.destroyed && !body.readableEnded) throw new BodyError('body_incomplete');
}
