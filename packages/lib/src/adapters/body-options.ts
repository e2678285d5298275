/** The options about request bodies, which all adapters share. */
import { checkArgument } from '../core/arguments.ts';
import { numberOption, type OptionKinds } from '../core/options.ts';

/** What an adapter does with the body of a request if the token has `bind.digest`. Other bodies are never touched. */
export interface BodyOptions {
  /**
   * - `buffer` (default): the body is read into memory and checked before the handler runs. The handler then reads the same bytes.
   * - `stream`: the handler runs at once. The body is checked while the handler reads it, in constant memory. If it is not the one that was
   *   signed, its stream fails at the end, and `identity.bodyVerified` rejects. Await that promise before you act on the body.
   */
  readonly body?: 'buffer' | 'stream';
  /** The longest body that is read into memory, in bytes, up to 2³¹ − 1. A longer one is refused with status 413. Default: 1 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

export const BODY_KINDS: OptionKinds<BodyOptions> = { body: 'any', maxBodyBytes: 'any' };

const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
const LARGEST_BODY = 2 ** 31 - 1;

/** How long the caller may pause while it sends a body, in milliseconds. */
export const BODY_PATIENCE = 30_000;

/** Returns `maxBodyBytes`. @throws TypeError for a wrong value of one of the options */
export function readBodyOptions({ body, maxBodyBytes }: BodyOptions): number {
  checkArgument(
    body === undefined || body === 'buffer' || body === 'stream',
    'option body',
    `'buffer' or 'stream'`,
    body,
  );
  if (body === 'stream' && maxBodyBytes !== undefined) {
    throw new TypeError(`option maxBodyBytes: needs body: 'buffer', because a stream is not read into memory`);
  }
  return numberOption('maxBodyBytes', maxBodyBytes, DEFAULT_MAX_BODY_BYTES, 0, LARGEST_BODY, 'bytes');
}

/** Why a body cannot be checked. */
export const READ_BEFORE =
  'the body was read before it could be checked; mount the adapter in front of everything that reads the body, such as a body parser; docs/BODIES.md says where';
