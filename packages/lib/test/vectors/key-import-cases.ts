/** Texts to import as a public key, and the expected outcome of each. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { publicKeyOf } from 'ajwt-testkit/fixtures';
import { readVectors } from 'ajwt-testkit/vectors';

/** An input text, and the expected result of importing it. */
export interface KeyImportCase {
  readonly id: string;
  readonly text: string;
  /** `accepted`, or the code of the error. */
  readonly outcome: string;
}

const MIB = 2 ** 20;
const REPEATED = / \.\.\. \(test harness repeats to 1 MiB\)$/;

/** The outcome that the library must have where a vector allows several. */
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

const pair = generateKeyPairSync('ed25519');
const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString();
const secretPem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const encrypted = pair.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' });
const openSsh = publicKeyOf(pair.privateKey).toOpenSsh();

/** Texts for spec/PROTOCOL.md §7 that the vectors do not contain. */
export const MORE_KEY_TEXTS: readonly KeyImportCase[] = [
  { id: 'a private key in PEM', text: secretPem, outcome: 'private_key' },
  { id: 'an encrypted private key', text: encrypted.toString(), outcome: 'private_key' },
  { id: 'a private key after its public key', text: pem(pair.publicKey) + secretPem, outcome: 'private_key' },
  {
    id: 'an RSA key restricted to PSS',
    text: pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey),
    outcome: 'unsupported',
  },
  { id: 'an X25519 key', text: pem(generateKeyPairSync('x25519').publicKey), outcome: 'unsupported' },
  {
    id: 'a shared secret',
    text: JSON.stringify({ kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' }),
    outcome: 'unsupported',
  },
  {
    id: 'a JWK set',
    text: JSON.stringify({ keys: [pair.publicKey.export({ format: 'jwk' })] }),
    outcome: 'malformed',
  },
  { id: 'a key with NUL after it', text: `${pem(pair.publicKey)}\0`, outcome: 'malformed' },
  { id: 'a line with options before the key', text: `command="/bin/sh" ${openSsh}`, outcome: 'malformed' },
  { id: 'a comment with terminal control characters', text: `${openSsh} \u001b[2Jme`, outcome: 'malformed' },
  { id: 'a comment with a right-to-left override', text: `${openSsh} \u202eme`, outcome: 'malformed' },
  {
    id: 'bytes that are not UTF-8',
    text: Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('latin1'),
    outcome: 'unsupported',
  },
];

/** Words of the input that a message may contain. */
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

/** Returns the first 12 consecutive characters of the input that the message repeats. */
export function echoed(message: string, input: string): string | undefined {
  const unknown = WORDS.reduce((text, word) => text.replaceAll(word, '\n'), message);
  for (let at = 0; at + RUN <= unknown.length; at++) {
    const run = unknown.slice(at, at + RUN);
    if (!run.includes('\n') && input.includes(run)) return run;
  }
  return undefined;
}
