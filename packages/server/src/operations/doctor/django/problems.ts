/** All problems that `ajwtd doctor` can find. docs/MIGRATING_FROM_DJANGO.md has the same table. */
import type { KeyErrorCode } from 'asymmetric-jwt-auth';

type OfKeys = Exclude<
  KeyErrorCode,
  'public_key' | 'passphrase_required' | 'wrong_passphrase' | 'missing_peer' | 'unreadable'
>;

/** Each problem, with what to do about it before the migration. */
export const PROBLEMS = {
  weak_key:
    'an RSA key with fewer than 2048 bits, a key with the ROCA vulnerability, or another insecure key: its owner must create a new key',
  malformed: 'a damaged key, or a key with other text around it: enter it again',
  unsupported: 'a key of an unsupported type: its owner must create a new key',
  too_large: 'an RSA key with more than 8192 bits, or a value too long for a key: its owner must create a new key',
  private_key: 'a private key: anyone who can read the database has it, so its owner must create a new key',
  duplicate_key:
    'the same key for several users: each of them can sign as the others, so all except one must create a new key',
  many_keys:
    'more than four keys of one type: if a token has no `kid` (0.3.1 sends none), only the newest four keys are tried',
  inactive_user: "an inactive user: the Python package accepts this user's requests, but this server refuses them",
  username: 'a username that a token cannot contain',
  jwks_url:
    'a JWK set that would not be fetched: its URL is not `https`, or its host has a private address; to allow a private host, add it to `privateHosts`',
} as const satisfies Record<OfKeys, string> & Record<string, string>;

export type Problem = keyof typeof PROBLEMS;

/** One row that would stop working. It contains no part of a key. */
export interface Finding {
  readonly problem: Problem;
  readonly username: string;
  readonly table: string;
  readonly id: string;
  /** Why the row would stop working. */
  readonly detail: string;
}
