/** What rows mean. */
import type { KeyState } from '../../core/contracts.ts';
import type { DirectoryUser } from '../directory.ts';

export function userOf(row: { username: string; disabled: number; created: number }): DirectoryUser {
  // Whatever a database makes of it, only 0 is enabled.
  return { username: row.username, disabled: row.disabled !== 0, created: row.created };
}

/** @param now - seconds since the epoch */
export function stateOf(row: { expires: number | null; revoked: number | null }, now: number): KeyState {
  if (row.revoked !== null) return 'revoked';
  return row.expires !== null && row.expires <= now ? 'expired' : 'active';
}
