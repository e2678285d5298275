/** Which of the formats of spec/PROTOCOL.md §7 a text is in, found before anything is parsed. */
import { KeyError } from './key-error.ts';

/** Longest text that is looked at, in UTF-16 code units. */
export const MAX_KEY_TEXT = 16_384;

/** A key's text, taken apart as far as its format needs. */
export type KeyText =
  | { readonly format: 'pem'; readonly label: string; readonly der: Uint8Array; readonly pem: string }
  | { readonly format: 'jwk'; readonly text: string }
  | { readonly format: 'line'; readonly text: string };

const PEM_BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)\r?\n-----END ([A-Z0-9 ]+)-----$/;
/** RFC 1421 header lines of an encrypted traditional key: `Proc-Type: 4,ENCRYPTED`, `DEK-Info: …`. */
const PEM_HEADERS = /^(?:[A-Za-z-]+: [^\r\n]*\r?\n)+\r?\n/;
const BASE64_LINES = /^(?:[A-Za-z0-9+/]{1,76}\r?\n)*[A-Za-z0-9+/]{1,76}={0,2}$/;

/** Formats that people paste by mistake, and what to do instead. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^---- BEGIN SSH2 PUBLIC KEY ----/, 'an SSH2 public key (RFC 4716): convert it with `ssh-keygen -i -f FILE`'],
  [/^-----BEGIN PGP /, 'an OpenPGP block: OpenPGP keys do not sign tokens; make one with `ssh-keygen -t ed25519`'],
  [
    /^PuTTY-User-Key-File-/,
    'a PuTTY key (.ppk): export it from PuTTYgen as an OpenSSH key, or with `puttygen FILE -O private-openssh-new -o NEW`',
  ],
  [/^---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----/, 'a private key of ssh.com: convert it with `ssh-keygen -i -f FILE`'],
  [/^SSH PRIVATE KEY FILE FORMAT 1/, 'a key of SSH 1: make a new one with `ssh-keygen -t ed25519`'],
];

/**
 * Takes a key's text apart.
 *
 * @param text - one key, perhaps with white space around it
 * @throws KeyError `too_large`, `malformed` or `unsupported`
 */
export function readKeyText(text: string): KeyText {
  if (text.length > MAX_KEY_TEXT) throw new KeyError('too_large', `a key is at most ${MAX_KEY_TEXT} characters long`);
  const trimmed = text.trim();
  if (trimmed === '') throw new KeyError('malformed', 'this is empty; a key was expected');
  for (const [start, what] of ELSEWHERE) if (start.test(trimmed)) throw new KeyError('unsupported', `this is ${what}`);
  const binary = nameOfBinary(trimmed);
  if (binary !== undefined) throw new KeyError('unsupported', `this is ${binary}`);
  if (trimmed.includes('\0'))
    throw new KeyError('malformed', 'a key has no NUL characters; this is a binary file, or cut wrongly');
  if (trimmed.startsWith('{')) return { format: 'jwk', text: trimmed };
  return /^-----BEGIN /m.test(trimmed) ? readPem(trimmed) : { format: 'line', text: trimmed };
}

const DER =
  'binary DER: convert it to PEM with `openssl pkey -inform DER -in FILE -out NEW` (a public key: add -pubin)';

/** What comes first in a SEQUENCE of DER: the version of PKCS#12, of a private key, or the next SEQUENCE. */
const BINARY: readonly (readonly [string, string])[] = [
  ['\x02\x01\x03', 'a PKCS#12 file (.p12, .pfx): take the key out with `openssl pkcs12 -nocerts -in FILE -out NEW`'],
  ['\x02\x01\x00', DER],
  ['\x02\x01\x01', DER],
  ['0', DER],
];

/** Names a binary file that was read as text: bytes beyond ASCII have been replaced on the way here. */
function nameOfBinary(text: string): string | undefined {
  const head = text.slice(0, 16);
  if (!head.startsWith('0') || !/[\p{Cc}\ufffd]/u.test(head)) return undefined;
  const lengths = [1, 2, 3, 4, 5];
  return BINARY.find(([content]) => lengths.some((length) => head.startsWith(content, length)))?.[1];
}

function readPem(text: string): KeyText {
  if (text.split('-----BEGIN ').length > 2)
    throw new KeyError('malformed', 'there are several PEM blocks; give one key at a time');
  const block = PEM_BLOCK.exec(text);
  if (block === null) throw new KeyError('malformed', 'the PEM block is incomplete, or there is other text around it');
  const [, label, content, endLabel] = block as unknown as [string, string, string, string];
  if (label !== endLabel) throw new KeyError('malformed', 'the PEM block begins as one thing and ends as another');
  const base64 = label.endsWith('PRIVATE KEY') ? content.replace(PEM_HEADERS, '') : content;
  if (!BASE64_LINES.test(base64)) throw new KeyError('malformed', 'the content of the PEM block is not base64');
  const der = decodeBase64(base64.replace(/\r?\n/g, ''));
  if (der === undefined) throw new KeyError('malformed', 'the content of the PEM block is not canonical base64');
  return { format: 'pem', label, der, pem: `${text}\n` };
}

/** Labels that may stand in a message: others are the sender's own words. */
const LABELS = [
  'PUBLIC KEY',
  'RSA PUBLIC KEY',
  'PRIVATE KEY',
  'ENCRYPTED PRIVATE KEY',
  'RSA PRIVATE KEY',
  'EC PRIVATE KEY',
  'DSA PRIVATE KEY',
  'OPENSSH PRIVATE KEY',
  'CERTIFICATE',
  'CERTIFICATE REQUEST',
  'EC PARAMETERS',
];

/** A PEM block, for a message. */
export function nameOfPem(label: string): string {
  return LABELS.includes(label) ? `a PEM block ${label}` : 'a PEM block of an unknown kind';
}

/** Strict base64 (RFC 4648 §4): padded, no spare bits. @returns the bytes, or `undefined` */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const binary = atob(text);
  return btoa(binary) === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined;
}

/** Base64 (RFC 4648 §4), padded. */
export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
