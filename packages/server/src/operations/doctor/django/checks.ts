/** Checks of keys and usernames. */
import { KeyError, PublicKey } from 'asymmetric-jwt-auth';
import { PROBLEMS, type Problem } from './problems.ts';

/** Why a key would be refused. */
export interface UnreadableKeyRow {
  readonly problem: Problem;
  readonly detail: string;
}

/** Imports a key as the server does. */
export function readKey(text: string): PublicKey | UnreadableKeyRow {
  try {
    return PublicKey.from(text);
  } catch (error) {
    // A row may contain a file path. `PublicKey.from` treats that as a programming error.
    if (error instanceof TypeError) return { problem: 'malformed', detail: 'the column holds a file path, not a key' };
    if (!(error instanceof KeyError)) throw error;
    const { code, message } = error;
    return { problem: Object.hasOwn(PROBLEMS, code) ? (code as Problem) : 'malformed', detail: message };
  }
}

/** Maximum bytes of a username. */
const MAX_USERNAME = 600;

const ODD_USERNAMES: readonly (readonly [(username: string) => boolean, string])[] = [
  [(username) => username === '', 'the username is empty'],
  [(username) => !username.isWellFormed(), 'the username is not well-formed Unicode'],
  [(username) => /\p{Cc}/u.test(username), 'the username contains control characters'],
  [(username) => /^\s|\s$/u.test(username), 'the username begins or ends with white space'],
  [(username) => Buffer.byteLength(username) > MAX_USERNAME, `the username is longer than ${MAX_USERNAME} bytes`],
];

/** Returns why a token cannot contain a username, or `undefined` if it can. */
export function whyOdd(username: string): string | undefined {
  return ODD_USERNAMES.find(([is]) => is(username))?.[1];
}
