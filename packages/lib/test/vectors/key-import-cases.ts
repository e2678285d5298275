/** Strings passed as a public key, and their outcomes. */
import { readVectors } from 'ajwt-testkit/vectors';

/** One text. */
export interface KeyImportCase {
  readonly id: string;
  readonly text: string;
  /** `accepted`, or the code of the error. */
  readonly outcome: string;
}

const MIB = 2 ** 20;
const REPEATED = / \.\.\. \(test harness repeats to 1 MiB\)$/;

/** Our choice, if a vector leaves one. */
const CHOICES: Readonly<Record<string, string>> = {
  'accept-if-jwk-supported': 'accepted',
  // White space around a key is dropped, and U+FEFF is white space in JavaScript.
  'accept-trimmed-or-reject': 'accepted',
  'reject weak_key-or-documented': 'weak_key',
  'reject malformed (single-key import)': 'malformed',
  'reject-or-sanitise': 'malformed',
  'same-fingerprint-as ok-ed25519-pem': 'accepted',
};
const outcomeOf = (text: string) => CHOICES[text] ?? (text === 'accept' ? 'accepted' : text.replace('reject ', ''));

interface Vector {
  readonly id: string;
  readonly input: string;
  readonly expect: string;
}

/** The cases of the vectors. */
export const KEY_IMPORT_CASES: readonly KeyImportCase[] = readVectors<{ cases: Vector[] }>(
  'own/key_import.json',
).cases.map(({ id, input, expect }) => {
  const text = input.replaceAll('{PRIVATE} KEY', 'PRIVATE KEY');
  const repeated = text.replace(REPEATED, '');
  return { id, text: repeated === text ? text : repeated.padEnd(MIB, repeated), outcome: outcomeOf(expect) };
});

/** Words of an input that a message may contain. */
const WORDS = [
  ...['RSA PUBLIC KEY', 'EC PRIVATE KEY', 'PUBLIC KEY', 'PRIVATE KEY', 'SSH2 PUBLIC KEY'],
  ...[
    'ssh-ed25519-cert-v01@openssh.com',
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
  ],
];
const RUN = 12;

/** Returns the first 12 characters in a row that the message repeats from the input. */
export function echoed(message: string, input: string): string | undefined {
  const unknown = WORDS.reduce((text, word) => text.replaceAll(word, '\n'), message);
  for (let at = 0; at + RUN <= unknown.length; at++) {
    const run = unknown.slice(at, at + RUN);
    if (!run.includes('\n') && input.includes(run)) return run;
  }
  return undefined;
}
