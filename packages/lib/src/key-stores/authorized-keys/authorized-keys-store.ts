/** Users and keys in files of OpenSSH's syntax, read again when they change: spec/AUTHORIZED_KEYS.md. */
import { join } from 'node:path';
import { checkString } from '../../core/arguments.ts';
import { BoundedMap } from '../../core/bounded-map.ts';
import { isUsername } from '../../core/claims.ts';
import type { KeyRecord, KeyStore } from '../../core/contracts.ts';
import { checkOptions, clockOption, type OptionKinds } from '../../core/options.ts';
import { type AuthorizedKeysProblem, type WatchedFile, watchedFile } from './file.ts';
import type { AuthorizedKey } from './line.ts';

/** What may be told. */
export interface AuthorizedKeysOptions {
  /** A folder with a file for each user (the default), or one file in which each line names its `user`. */
  readonly layout?: 'folder' | 'file';
  /** Told of a file that is refused, once for each thing that is wrong with it. What it throws counts for nothing. */
  readonly onProblem?: (problem: AuthorizedKeysProblem) => void;
  /** Seconds since the epoch, for keys that expire; default the wall clock. */
  readonly now?: () => number;
  /** Seconds that only ever go forward; default the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<AuthorizedKeysOptions> = {
  layout: 'text',
  onProblem: 'function',
  now: 'function',
  monotonic: 'function',
};

/** Files of users that are kept; one that is not kept is read again. */
const MOST_FILES = 10_000;
/** Names without a file, or without a good one. */
const MOST_OTHERS = 1000;
/** Longest name of a file, in bytes. */
const MAX_NAME = 255;

/**
 * Makes a key store on files. They are looked at again after a second: what was changed counts then for the next request, the whole file or
 * nothing of it.
 *
 * @param path - a folder with a file for each user, or one file (`layout: 'file'`)
 * @param options - {@link AuthorizedKeysOptions}
 * @returns a store whose `user` is the username; `find` rejects with UnavailableError where a file was never good
 * @throws TypeError for an option that is unknown or of another kind, and for a path that is empty
 */
export function authorizedKeysStore(path: string, options: AuthorizedKeysOptions = {}): KeyStore<string> {
  checkOptions(options, OPTIONS);
  const { layout = 'folder', onProblem, monotonic = () => performance.now() / 1000 } = options;
  checkString('path', path);
  const now = clockOption(options.now);
  if (layout !== 'folder' && layout !== 'file') throw new TypeError("option layout: must be 'folder' or 'file'");

  const files = new BoundedMap<string, WatchedFile>(MOST_FILES);
  // Apart, so that names that strangers make up push out no user.
  const others = new BoundedMap<string, WatchedFile>(MOST_OTHERS);

  async function keysOf(where: string, owner: string | undefined, username: string) {
    let file = files.get(where) ?? others.get(where);
    if (file === undefined) {
      file = watchedFile(where, { owner, monotonic, onProblem });
      others.set(where, file);
    }
    const keys = await file.read();
    // A file of all users is one, whoever is looked for in it.
    if (owner !== undefined && !keys.has(owner)) files.delete(where);
    else files.set(where, file);
    return keys.get(username);
  }

  function recordOf(username: string, keys: readonly AuthorizedKey[] | undefined) {
    if (keys === undefined) return undefined;
    const at = now();
    const records = keys.map(({ key, permits, expires }): KeyRecord => {
      return { key, allowsAddress: permits, state: expires !== undefined && expires <= at ? 'expired' : 'active' };
    });
    const ahead = keys.flatMap(({ expires }) => (expires !== undefined && expires > at ? [expires] : []));
    return {
      username,
      user: username,
      disabled: false,
      keys: records,
      validUntil: ahead.length > 0 ? Math.min(...ahead) : undefined,
    };
  }

  return {
    async readiness() {
      // A file that no user can have.
      await (layout === 'file' ? keysOf(path, undefined, '') : keysOf(join(path, '%'), '%', '%'));
      return { ready: true };
    },

    async find(username) {
      if (!isUsername(username)) return undefined;
      if (layout === 'file') return recordOf(username, await keysOf(path, undefined, username));
      const name = fileNameOf(username);
      if (name.length > MAX_NAME) return undefined;
      return recordOf(username, await keysOf(join(path, name), username, username));
    },
  };
}

/** The name of a user's file: what is not a small letter, a digit, or one of `-_@+.` inside it, percent-encoded as UTF-8. */
function fileNameOf(username: string): string {
  return Array.from(new TextEncoder().encode(username), (byte, at) => {
    const character = String.fromCharCode(byte);
    const isPlain = /[a-z0-9_@+-]/.test(character) || (character === '.' && at > 0);
    return isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

export type { AuthorizedKeysProblem };
