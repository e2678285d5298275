/** Checks values before they are written into the directory. */
import { checkArgument, isInMilliseconds, kindOf } from '../../core/arguments.ts';
import { isUsername } from '../../core/claims.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { DirectoryError } from './directory.ts';

/** Control and format characters, lone surrogates, and line ends. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** @throws DirectoryError `bad_username` */
export function checkUsername(username: string): void {
  if (isUsername(username)) return;
  throw new DirectoryError(
    'bad_username',
    'a username must have 1 to 600 bytes, no control characters, and no white space at its ends',
  );
}

/** @throws DirectoryError `bad_comment` */
export function checkComment(comment: string | undefined): void {
  if (comment === undefined || (comment.length <= 500 && !UNPRINTABLE.test(comment))) return;
  throw new DirectoryError(
    'bad_comment',
    'a comment must be one line of at most 500 characters, without control characters',
  );
}

/** @throws DirectoryError `bad_expiry` */
export function checkExpiry(expires: number | undefined, now: number): void {
  if (isInMilliseconds(expires)) {
    throw new DirectoryError('bad_expiry', 'the expiry date is in milliseconds; give seconds since the epoch');
  }
  if (expires === undefined || (Number.isFinite(expires) && expires > now)) return;
  throw new DirectoryError(
    'bad_expiry',
    Number.isFinite(expires)
      ? `the expiry date ${new Date(1000 * expires).toJSON()} is in the past; give a later one`
      : `the expiry date must be a number of seconds since the epoch, not ${kindOf(expires)}`,
  );
}

/** Returns the single algorithm that an RSA key is registered for, or `null`. The PEM of the key does not contain it. */
export function registeredAlgorithm({ type, algorithms }: PublicKey): string | null {
  return type === 'rsa' && algorithms.length === 1 ? (algorithms[0] as string) : null;
}

/**
 * Finds the column of the key table that contains ids of this form.
 *
 * @throws DirectoryError `unknown_key` if there is no such column
 */
export function nameOfKey(id: string): {
  readonly column: 'fingerprint' | 'kid' | 'thumbprint';
  readonly value: string;
} {
  if (/^SHA256:[\w+/]{43}$/.test(id)) return { column: 'fingerprint', value: id };
  if (/^[\da-f]{64}$/i.test(id)) return { column: 'kid', value: id.toLowerCase() };
  if (/^[\w-]{43}$/.test(id)) return { column: 'thumbprint', value: id };
  throw unknownKey();
}

export function unknownKey(): DirectoryError {
  return new DirectoryError('unknown_key', 'there is no such key; give its fingerprint, kid or thumbprint');
}

/** @throws TypeError */
export function checkActor(actor: unknown): void {
  const is = typeof actor === 'string' && actor.length >= 1 && actor.length <= 200 && !UNPRINTABLE.test(actor);
  checkArgument(is, 'option actor', 'a string of 1 to 200 characters without control characters', actor);
}
