/** Finds, decodes and writes PEM blocks (RFC 7468). */
import { decodeBase64, encodeBase64 } from './base64.ts';
import { KeyError } from './key-error.ts';

/** A PEM block whose content is not yet decoded. */
export interface PemBlock {
  readonly label: string;
  /** The text between the two markers. */
  readonly content: string;
}

/** The cipher of a key that is encrypted in OpenSSL's traditional format, from the header `DEK-Info` (RFC 1421). */
export interface DekInfo {
  readonly cipher: string;
  /** The initialization vector, in hex. */
  readonly iv: string;
}

/** The decoded content of a PEM block. */
export interface PemContent {
  readonly der: Uint8Array;
  readonly dek: DekInfo | undefined;
}

const MARKER = /-----(BEGIN|END) ([A-Z0-9 ]+)-----/g;
const DEK_HEADER =
  /^[ \t\r\n]*Proc-Type:[ \t\r\n]*4,[ \t]*ENCRYPTED[ \t\r\n]+DEK-Info:[ \t\r\n]*([A-Za-z0-9-]{1,40}),[ \t]*([0-9A-Fa-f]{1,64})[ \t\r\n]/;
/** The only characters that are ignored between the markers. OpenSSL also requires certain line lengths. */
const BLANKS = /[ \t\r\n]+/g;

/** Reports whether a string contains a PEM block or part of one. */
export function hasPem(text: string): boolean {
  return /^[ \t]*-----BEGIN /m.test(text);
}

/** Reports whether a label belongs to a private key of any kind. */
export function isPrivateLabel(label: string): boolean {
  return /PRIVATE KEY(?: BLOCK)?$/.test(label);
}

/**
 * Finds the block of a public key in a string that contains nothing else. If the string contains a private key, returns that block instead, so
 * that the caller can name it in an error.
 *
 * @param text - without white space at its ends
 * @throws KeyError `malformed`
 */
export function publicBlock(text: string): PemBlock {
  const { blocks, isBare } = readBlocks(text);
  const secret = blocks.find(({ label }) => isPrivateLabel(label));
  if (secret !== undefined) return secret;
  if (blocks.length > 1) throw new KeyError('malformed', 'there are several PEM blocks; give one key at a time');
  if (!isBare) throw new KeyError('malformed', 'there is other text around the PEM block; give the block alone');
  return blocks[0] as PemBlock;
}

/**
 * Finds the single private key in a string. Ignores other text, certificates and EC parameters around it, because tools add them.
 *
 * @returns the block of the private key or, if there is none, the block that best describes the text
 * @throws KeyError `malformed`
 */
export function privateBlock(text: string): PemBlock {
  const { blocks } = readBlocks(text);
  const secrets = blocks.filter(({ label }) => isPrivateLabel(label));
  if (secrets.length > 1) throw new KeyError('malformed', 'there are several private keys; give one at a time');
  return secrets[0] ?? blocks.find(({ label }) => label !== 'EC PARAMETERS') ?? (blocks[0] as PemBlock);
}

/** Reads all PEM blocks. No other text may precede a BEGIN marker or follow an END marker on its line. */
function readBlocks(text: string): { readonly blocks: readonly PemBlock[]; readonly isBare: boolean } {
  const blocks: PemBlock[] = [];
  let isBare = true;
  let begun: { readonly label: string; readonly at: number } | undefined;
  let end = 0;
  for (const { 0: marker, 1: kind, 2: label, index } of text.matchAll(MARKER)) {
    if ((kind === 'BEGIN') !== (begun === undefined)) throw incomplete();
    if (begun === undefined) {
      const between = text.slice(end, index);
      if (!startsLine(between) || (end > 0 && !endsLine(between))) throw incomplete();
      isBare &&= isBlank(between);
      begun = { label: label as string, at: index + marker.length };
    } else {
      if (begun.label !== label)
        throw new KeyError('malformed', 'the first and the last line of the PEM block have different labels');
      blocks.push({ label, content: text.slice(begun.at, index) });
      begun = undefined;
    }
    end = index + marker.length;
  }
  const rest = text.slice(end);
  if (begun !== undefined || blocks.length === 0 || !endsLine(rest)) throw incomplete();
  return { blocks, isBare: isBare && isBlank(rest) };
}

const startsLine = (before: string) => /(?:^|[\r\n])[ \t]*$/.test(before);
const endsLine = (behind: string) => /^[ \t]*(?:[\r\n]|$)/.test(behind);
const isBlank = (text: string) => text.replace(BLANKS, '') === '';

function incomplete(): KeyError {
  return new KeyError('malformed', 'the PEM block is incomplete, or its first or last line contains other text');
}

/**
 * Decodes a PEM block. Ignores ASCII spaces, tabs, CR and LF in its base64; any other character is an error.
 *
 * @throws KeyError `malformed`
 */
export function decodePem({ label, content }: PemBlock): PemContent {
  const header = isPrivateLabel(label) ? DEK_HEADER.exec(content) : null;
  const base64 = content.slice(header?.[0].length ?? 0).replace(BLANKS, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    throw new KeyError('malformed', 'the content of the PEM block is not base64');
  const der = decodeBase64(base64);
  if (der === undefined) throw new KeyError('malformed', 'the content of the PEM block is not canonical base64');
  return { der, dek: header === null ? undefined : { cipher: header[1] as string, iv: header[2] as string } };
}

/** Writes PEM (RFC 7468) with lines of 64 characters, `\n` line ends and a final newline. */
export function pemOf(der: Uint8Array, label: string, dek?: DekInfo): string {
  const header = dek === undefined ? '' : `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${dek.cipher},${dek.iv}\n\n`;
  const lines = encodeBase64(der).replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${header}${lines}\n-----END ${label}-----\n`;
}

/** Labels that error messages may contain. Other labels are left out, because they may be any text. */
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

/** Returns the name of a PEM block for an error message. */
export function nameOfPem(label: string): string {
  return LABELS.includes(label) ? `a PEM block ${label}` : 'a PEM block of an unknown kind';
}
