/** What in the database of a Django site would stop working: one closed table, which docs/MIGRATING_FROM_DJANGO.md has as well. */
import type { KeyErrorCode } from 'asymmetric-jwt-auth';

type OfKeys = Exclude<
  KeyErrorCode,
  'public_key' | 'passphrase_required' | 'wrong_passphrase' | 'missing_peer' | 'unreadable'
>;

/** What it is, and what to do about it before anything is moved. */
export const PROBLEMS = {
  weak_key:
    'an RSA key of less than 2048 bits, of a chip with the ROCA fault, or another that proves nothing: its owner makes a new one',
  malformed: 'a key that is broken, or with other text around it: write it again',
  unsupported: 'a key of a kind that is not taken: its owner makes a new one',
  too_large: 'an RSA key of more than 8192 bits, or a text too long for a key: its owner makes a new one',
  private_key: 'a private key: whoever can read the database has it, so its owner makes a new one',
  duplicate_key: 'a key of several users: each can sign as the others, so all but one make a new one',
  many_keys:
    'more than four keys of one kind: a caller that sends no `kid`, as 0.3.1 does, is tried with the newest four',
  inactive_user: 'a user who is not active: the package lets it in all the same, and we do not',
  username: 'a username that no token of ours can have',
  jwks_url:
    'a key set that would not be fetched: not `https`, or at a private address; if that is meant, name its host in `privateHosts`',
} as const satisfies Record<OfKeys, string> & Record<string, string>;

export type Problem = keyof typeof PROBLEMS;

/** One row that would stop working. Nothing of a key is in it. */
export interface Finding {
  readonly problem: Problem;
  readonly username: string;
  readonly table: string;
  readonly id: string;
  /** What is wrong with this row. */
  readonly detail: string;
}
