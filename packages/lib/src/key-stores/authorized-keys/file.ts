/** One authorized_keys file, and what was last read of it. */
import { UnavailableError } from '../../core/contracts.ts';
import { callHook } from '../../core/maybe-promise.ts';
import { KeyError } from '../../keys/key-error.ts';
import { readStrictFile } from '../../keys/strict-file.ts';
import { StrangersEntryError } from '../../keys/strict-owner.ts';
import { type AuthorizedKey, readAuthorizedLine } from './line.ts';

/** A file was refused; what was read of it before remains valid. */
export interface AuthorizedKeysProblem {
  readonly path: string;
  /** The first line that is not taken, from 1; `undefined` where it is about the file. */
  readonly line: number | undefined;
  /** For the operator; no word of the file is in it, but for names of options. */
  readonly message: string;
}

/** Keys by user. */
type Keys = ReadonlyMap<string, readonly AuthorizedKey[]>;

/** A file that is looked at again. */
export interface WatchedFile {
  /**
   * What the file says, or said when it was last as it should be.
   *
   * @throws UnavailableError where it never was
   */
  read(): Promise<Keys>;
}

interface WatchedFileSettings {
  /** Whose keys these are; `undefined` = each line says it. */
  readonly owner: string | undefined;
  readonly monotonic: () => number;
  readonly onProblem: ((problem: AuthorizedKeysProblem) => void) | undefined;
}

/** Seconds for which a file is not looked at again. */
const STANDS = 1;

/** Watches a file. Nothing is read yet. */
export function watchedFile(path: string, { owner, monotonic, onProblem }: WatchedFileSettings): WatchedFile {
  let good: { readonly text: string | undefined; readonly keys: Keys } | undefined;
  let trouble: AuthorizedKeysProblem | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const text = await readStrictFile(path);
      // A user may be gone; a file of all users must not be.
      if (text === undefined && owner === undefined) throw new KeyError('unreadable', `${path} is not there`);
      if (good === undefined || good.text !== text) good = { text, keys: keysIn(path, text, owner) };
      trouble = undefined;
    } catch (error) {
      const problem =
        error instanceof LineError ? error.problem : { path, line: undefined, message: (error as Error).message };
      // Else a user could keep its keys by putting a file of its own where the operator has just removed one.
      if (error instanceof StrangersEntryError && owner !== undefined) good = { text: undefined, keys: new Map() };
      if (problem.message !== trouble?.message) callHook(onProblem, problem);
      trouble = problem;
    }
  }

  return {
    async read() {
      const now = monotonic();
      if (looking === undefined && now - lookedAt >= STANDS) {
        lookedAt = now;
        looking = look().finally(() => {
          looking = undefined;
        });
      }
      await looking;
      if (good === undefined) throw new UnavailableError(trouble?.message);
      return good.keys;
    },
  };
}

class LineError extends Error {
  readonly problem: AuthorizedKeysProblem;

  constructor(path: string, line: number, why: string) {
    super(why);
    this.problem = { path, line, message: `${path}, line ${line}: ${why}` };
  }
}

/** All lines of a file, or none. */
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
        throw new KeyError('malformed', 'this key stands there before; one line of it would not count');
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
    throw new KeyError('malformed', 'the option user is missing; in this file each line needs it');
  if (owner !== undefined && name !== owner)
    throw new KeyError('malformed', 'the option user names another user than the file');
  return name;
}
