/**
 * Finds users and keys in files with OpenSSH's syntax (spec/AUTHORIZED_KEYS.md), and reads changed files again. Use it if you deploy keys
 * as files, such as a Kubernetes Secret, instead of keeping them in a database.
 */
import { join } from 'node:path';
import { checkString } from '../../core/arguments.ts';
import { BoundedMap } from '../../core/bounded-map.ts';
import { isUsername } from '../../core/claims.ts';
import type { KeyRecord, KeyStore } from '../../core/contracts.ts';
import { checkOptions, clockOption, type OptionKinds } from '../../core/options.ts';
import { type AuthorizedKeysProblem, type WatchedFile, watchedFile } from './file.ts';
import type { AuthorizedKey } from './line.ts';

/** Options of {@link authorizedKeysStore}. */
export interface AuthorizedKeysOptions {
  /** A folder with one file per user (the default), or one file in which each line names its `user`. */
  readonly layout?: 'folder' | 'file';
  /** Called when a file is refused, and again when the reason changes. Its errors are ignored. */
  readonly onProblem?: (problem: AuthorizedKeysProblem) => void;
  /** Returns seconds since the epoch, to expire keys; the default is the wall clock. */
  readonly now?: () => number;
  /** Returns the seconds of a clock that never goes back; the default is the process's monotonic clock. */
  readonly monotonic?: () => number;
}

const OPTIONS: OptionKinds<AuthorizedKeysOptions> = {
  layout: 'text',
  onProblem: 'function',
  now: 'function',
  monotonic: 'function',
};

/** Number of users whose files are cached. */
const MOST_FILES = 10_000;
/** Number of usernames without a valid file that are cached. */
const MOST_OTHERS = 1000;
/** Maximum length of a file name, in bytes. */
const MAX_NAME = 255;

/**
 * Creates a key store over files. A change to a file takes effect within a second. If the changed file has an error, its last valid content
 * stays in use.
 *
 * @param path - a folder with one file per user, or one file (`layout: 'file'`)
 * @param options - {@link AuthorizedKeysOptions}
 * @returns a store whose `user` is the username; `find` rejects with UnavailableError if the file has never been valid
 * @throws TypeError for an option that is unknown or of a wrong type, and for an empty path
 *
 * @example
 * ```ts
 * import { mkdtemp, rm, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { PrivateKey } from 'asymmetric-jwt-auth';
 * import { authorizedKeysStore } from 'asymmetric-jwt-auth/authorized-keys';
 *
 * const folder = await mkdtemp(`${tmpdir()}/keys-`);
 * const { publicKey } = await PrivateKey.generate();
 * await writeFile(`${folder}/guido`, publicKey.toOpenSsh('laptop'), { mode: 0o600 });
 * const found = await authorizedKeysStore(folder).find('guido', { kid: undefined, alg: 'EdDSA' });
 * console.log(found?.keys.length); // 1
 * await rm(folder, { recursive: true });
 * ```
 */
export function authorizedKeysStore(path: string, options: AuthorizedKeysOptions = {}): KeyStore<string> {
  checkOptions(options, OPTIONS);
  const { layout = 'folder', onProblem, monotonic = () => performance.now() / 1000 } = options;
  checkString('path', path);
  const now = clockOption(options.now);
  if (layout !== 'folder' && layout !== 'file') throw new TypeError("option layout: must be 'folder' or 'file'");

  const files = new BoundedMap<string, WatchedFile>(MOST_FILES);
  // The separate cache keeps invented usernames from evicting users.
  const others = new BoundedMap<string, WatchedFile>(MOST_OTHERS);

  async function keysOf(where: string, owner: string | undefined, username: string) {
    let file = files.get(where) ?? others.get(where);
    if (file === undefined) {
      file = watchedFile(where, { owner, monotonic, onProblem });
      others.set(where, file);
    }
    const keys = await file.read();
    // A file for all users (no owner) always stays in the cache.
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
      // No user has a file of this name.
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

/**
 * Returns the name of a user's file. It percent-encodes all bytes except lower-case letters, digits, `-_@+`, and dots after the first byte.
 */
function fileNameOf(username: string): string {
  return Array.from(new TextEncoder().encode(username), (byte, at) => {
    const character = String.fromCharCode(byte);
    const isPlain = /[a-z0-9_@+-]/.test(character) || (character === '.' && at > 0);
    return isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

export type { AuthorizedKeysProblem };
