/** Checks bodies whose digest is signed, while they are forwarded or before a forward-auth response. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { BodyError, REASONS, type RefusedResult } from 'asymmetric-jwt-auth';
import { bufferBody } from 'asymmetric-jwt-auth/node';
import { hasBody } from './unfinished-body.ts';

/** Longest body, in bytes, that is read into memory. */
const MOST_BUFFERED = 1024 * 1024;

const EMPTY = createHash('sha256').digest('base64url');

/**
 * Passes a body on, but holds its latest chunk back. The last chunk is passed on only if the digest of the whole body is the signed one;
 * otherwise the stream fails with a {@link BodyError} and the application never has a complete request.
 */
export class HeldBody extends Transform {
  /** Resolves when the body was checked. Its rejection is already handled. */
  readonly verified: Promise<void>;
  readonly #signed: string;
  readonly #isRight: () => void;
  readonly #hash = createHash('sha256');
  #held: Buffer | undefined;

  /** @param digest - the signed digest: SHA-256 in unpadded base64url */
  constructor(digest: string) {
    super();
    this.#signed = digest;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    this.verified = promise;
    this.#isRight = resolve;
    this.once('error', reject);
    this.once('close', () => reject(new BodyError('body_incomplete')));
  }

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#hash.update(chunk);
    if (this.#held !== undefined) this.push(this.#held);
    this.#held = chunk;
    done();
  }

  override _flush(done: (error?: Error | null) => void): void {
    if (this.#hash.digest('base64url') !== this.#signed) {
      done(new BodyError('binding_mismatch'));
      return;
    }
    this.#isRight();
    if (this.#held !== undefined) this.push(this.#held);
    done();
  }
}

/**
 * Begins to check the body of a request that is forwarded.
 *
 * @param digest - the signed digest
 * @returns the body to forward; `undefined` if the request has none and that was signed
 * @throws BodyError if the request has no body, but one was signed
 */
export function heldBody(request: IncomingMessage, digest: string): HeldBody | undefined {
  if (hasBody(request)) return new HeldBody(digest);
  if (digest !== EMPTY) throw new BodyError('binding_mismatch');
  return undefined;
}

/**
 * Returns the digest of a body that `ajwtd` does not forward, of up to 1 MiB.
 *
 * @throws BodyError with the code `binding_mismatch` for any body that cannot be checked: proxies expect no other status than 401
 */
export async function digestOf(request: IncomingMessage): Promise<string> {
  try {
    return await bufferBody(request, MOST_BUFFERED);
  } catch (error) {
    throw error instanceof BodyError ? new BodyError('binding_mismatch') : error;
  }
}

/** Returns whether Envoy has cut the body, because it was longer than `max_request_bytes`. */
export function isCut({ headers }: IncomingMessage): boolean {
  return headers['x-envoy-auth-partial-body'] !== undefined && headers['x-envoy-auth-partial-body'] !== 'false';
}

const { status, error, message } = REASONS.binding_mismatch;

/** The response to a request that was accepted and forwarded, until its body turned out not to be the one that was signed. */
export const BODY_REFUSED: RefusedResult = {
  ok: false,
  reason: 'binding_mismatch',
  detail: undefined,
  status,
  headers: {
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
    'www-authenticate': `JWT realm="api", error="${error}"`,
  },
  body: JSON.stringify({ type: 'about:blank', title: 'Unauthorized', status, error, detail: message }),
};
