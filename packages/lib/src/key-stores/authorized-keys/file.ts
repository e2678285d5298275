/** Reads an authorized_keys file, and keeps its last valid content. */
import { UnavailableError } from '../../core/contracts.ts';
import { callHook } from '../../core/maybe-promise.ts';
import { KeyError } from '../../keys/key-error.ts';
import { readStrictFile } from '../../keys/strict-file.ts';
import { StrangersEntryError } from '../../keys/strict-owner.ts';
import { type AuthorizedKey, readAuthorizedLine } from './line.ts';

/** The reason why a file was refused. The last valid content of the file stays in use. */
export interface AuthorizedKeysProblem {
  readonly path: string;
  /** Number of the first invalid line, from 1; `undefined` if the problem is about the whole file. */
  readonly line: number | undefined;
  /** A message for the operator. It contains nothing from the file except names of options. */
  readonly message: string;
}

/** Keys by user. */
type Keys = ReadonlyMap<string, readonly AuthorizedKey[]>;

/** A file that the store reads again, at most once a second. */
export interface WatchedFile {
  /**
   * Returns the keys in the file, or in its last valid content.
   *
   * @throws UnavailableError if the file has never been valid
   */
  read(): Promise<Keys>;
}

interface WatchedFileSettings {
  /** The user who owns all keys in the file; `undefined` if each line names its user. */
  readonly owner: string | undefined;
  readonly monotonic: () => number;
  readonly onProblem: ((problem: AuthorizedKeysProblem) => void) | undefined;
}

/** Minimum number of seconds between two reads of a file. */
const READ_INTERVAL = 1;

/** Creates a watched file, without reading it yet. */
export function watchedFile(path: string, { owner, monotonic, onProblem }: WatchedFileSettings): WatchedFile {
  let valid: { readonly text: string | undefined; readonly keys: Keys } | undefined;
  let lastProblem: AuthorizedKeysProblem | undefined;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  async function load(): Promise<void> {
    try {
      const text = await readStrictFile(path);
      // If a user's own file is missing, the user is unknown. A file for all users must exist.
      if (text === undefined && owner === undefined) throw new KeyError('unreadable', `${path} does not exist`);
      if (valid === undefined || valid.text !== text) valid = { text, keys: keysIn(path, text, owner) };
      lastProblem = undefined;
    } catch (error) {
      const problem =
        error instanceof LineError ? error.problem : { path, line: undefined, message: (error as Error).message };
      // In this case, the last valid content is dropped. Otherwise a user could replace a file that the operator has
      // removed, and so keep its keys.
      if (error instanceof StrangersEntryError && owner !== undefined) valid = { text: undefined, keys: new Map() };
      if (problem.message !== lastProblem?.message) callHook(onProblem, problem);
      lastProblem = problem;
    }
  }

  return {
    async read() {
      const now = monotonic();
      if (loading === undefined && now - loadedAt >= READ_INTERVAL) {
        loadedAt = now;
        loading = load().finally(() => {
          loading = undefined;
        });
      }
      await loading;
      if (valid === undefined) throw new UnavailableError(lastProblem?.message);
      return valid.keys;
    },
  };
}

class LineError extends Error {
  readonly problem: AuthorizedKeysProblem;

  constructor(path: string, line: number, reason: string) {
    super(reason);
    this.problem = { path, line, message: `${path}, line ${line}: ${reason}` };
  }
}

/**
 * Reads all lines. One invalid line makes the whole file invalid.
 *
 * @throws LineError for the first invalid line
 */
function keysIn(path: string, text: string | undefined, owner: string | undefined): Keys {
  const keys = new Map<string, AuthorizedKey[]>();
  if (text === undefined) return keys;
  if (owner !== undefined) keys.set(owner, []);
  const seen = new Set<string>();
  text.split('\n').forEach((line, index) => {
    try {
      const entry = readAuthorizedLine(line);
      if (entry === undefined) return;
      const user = userOf(entry, owner);
      if (seen.has(entry.key.kid))
        throw new KeyError('malformed', 'an earlier line has the same key; remove one of them');
      seen.add(entry.key.kid);
      const of = keys.get(user);
      if (of === undefined) keys.set(user, [entry]);
      else of.push(entry);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      throw new LineError(path, index + 1, error.message);
    }
  });
  return keys;
}

function userOf({ user }: AuthorizedKey, owner: string | undefined): string {
  const name = user ?? owner;
  if (name === undefined)
    throw new KeyError('malformed', 'the option user is missing; every line of this file needs it');
  if (owner !== undefined && name !== owner)
    throw new KeyError('malformed', 'the option user does not match the file name');
  return name;
}
