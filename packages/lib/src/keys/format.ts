/** Detects the format of a key (spec/PROTOCOL.md §7) before it is parsed. */
import { KeyError } from './key-error.ts';
import { hasPem } from './pem.ts';
import { isUtf16, SAVE_AS_UTF_8 } from './utf-16.ts';

/** Maximum length of the text of a key, in UTF-16 code units. */
export const MAX_KEY_TEXT = 16_384;

/** The trimmed text of a key, and its format. */
export interface KeyText {
  readonly format: 'pem' | 'jwk' | 'line';
  readonly text: string;
}

/** Patterns that recognize unsupported formats, with what to do about each. */
const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/^---- BEGIN SSH2 PUBLIC KEY ----/, 'an SSH2 public key (RFC 4716): convert it with `ssh-keygen -i -f FILE`'],
  [/^-----BEGIN PGP /, 'an OpenPGP block: OpenPGP keys cannot sign tokens; make a key with `ssh-keygen -t ed25519`'],
  [
    /^PuTTY-User-Key-File-/,
    'a PuTTY key (.ppk): export it from PuTTYgen as an OpenSSH key, or with `puttygen FILE -O private-openssh-new -o NEW`',
  ],
  [/^---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----/, 'an ssh.com private key: convert it with `ssh-keygen -i -f FILE`'],
  [/^SSH PRIVATE KEY FILE FORMAT 1/, 'an SSH 1 key: make a new one with `ssh-keygen -t ed25519`'],
];

/**
 * Detects the format of a key.
 *
 * @param text - one key; white space around it is ignored
 * @throws KeyError `too_large`, `malformed` or `unsupported`
 */
export function readKeyText(text: string): KeyText {
  if (text.length > MAX_KEY_TEXT)
    throw new KeyError('too_large', `this text is longer than ${MAX_KEY_TEXT} characters, the limit for a key`);
  if (isUtf16(text)) throw new KeyError('unsupported', `this key was ${SAVE_AS_UTF_8}`);
  const trimmed = text.trim();
  if (trimmed === '') throw new KeyError('malformed', 'this is empty; a key was expected');
  for (const [start, what] of UNSUPPORTED)
    if (start.test(trimmed)) throw new KeyError('unsupported', `this is ${what}`);
  const binary = nameOfBinary(trimmed);
  if (binary !== undefined) throw new KeyError('unsupported', `this is ${binary}`);
  if (trimmed.includes('\0'))
    throw new KeyError('malformed', 'this text contains NUL characters: it is a binary file, or it is damaged');
  if (trimmed.startsWith('{')) return { format: 'jwk', text: trimmed };
  return { format: hasPem(trimmed) ? 'pem' : 'line', text: trimmed };
}

const DER =
  'binary DER: convert it to PEM with `openssl pkey -inform DER -in FILE -out NEW` (for a public key, add -pubin)';

/** The first bytes inside a DER SEQUENCE: the version of PKCS#12, the version of a private key, or another SEQUENCE. */
const BINARY: readonly (readonly [string, string])[] = [
  ['\x02\x01\x03', 'a PKCS#12 file (.p12, .pfx): extract the key with `openssl pkcs12 -nocerts -in FILE -out NEW`'],
  ['\x02\x01\x00', DER],
  ['\x02\x01\x01', DER],
  ['0', DER],
];

/**
 * Names the format of a binary file that was read as text, and says what to do. Reading it as text has replaced bytes that are not ASCII.
 */
function nameOfBinary(text: string): string | undefined {
  const head = text.slice(0, 16);
  if (!head.startsWith('0') || !/[\p{Cc}\ufffd]/u.test(head)) return undefined;
  const lengths = [1, 2, 3, 4, 5];
  return BINARY.find(([content]) => lengths.some((length) => head.startsWith(content, length)))?.[1];
}
