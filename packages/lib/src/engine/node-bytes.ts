/** Texts and bytes on Node's Buffer. What a request needs is read to places that are used again: nothing is allocated for it. */
import { isUtf8 } from 'node:buffer';

/** What `write` and `toString` of a Buffer come down to once they have looked at the name of the encoding, which takes them as long. */
interface DirectBuffer extends Buffer {
  base64urlWrite(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
}

/** Reads base64 and base64url alike, and skips what is neither: `core/base64url.ts` makes it strict. */
export function decodeBase64urlLoosely(text: string): Uint8Array {
  return Buffer.from(text, 'base64url');
}

/** Longest text that is read without allocating, in characters: the limit of a token. */
const MAX_TEXT = 8192;
// Marked pure, so that bundles of the client leave them out.
const scratchMemory = /* @__PURE__ */ new ArrayBuffer(MAX_TEXT);
const scratchBuffer = /* @__PURE__ */ Buffer.from(scratchMemory) as DirectBuffer;
const scratchWords = /* @__PURE__ */ new Int32Array(scratchMemory);
/** Where it reads them: whoever looks at them does so before the next call, and nothing is allocated for a request. */
export const scratch: Uint8Array = /* @__PURE__ */ new Uint8Array(scratchMemory);

/**
 * Reads base64 and base64url alike into the scratch, and skips what is neither.
 *
 * @param text - at most 8192 characters
 * @returns how many bytes came out
 */
export function decodeToScratch(text: string): number {
  return scratchBuffer.base64urlWrite(text, 0, MAX_TEXT);
}

const signatureBuffer = /* @__PURE__ */ Buffer.alloc(MAX_TEXT) as DirectBuffer;
/** By length. */
const signatureViews: Uint8Array[] = [];
/** Whose bytes lie there. */
let signatureText = '';
let signatureLength = 0;

/**
 * Reads a signature out of base64 or base64url, and skips what is neither. It is asked twice for each token, and reads again only if
 * another one was read in between.
 *
 * @param text - at most 8192 characters
 * @returns how many bytes came out
 */
export function readSignature(text: string): number {
  if (text !== signatureText) {
    signatureLength = signatureBuffer.base64urlWrite(text, 0, MAX_TEXT);
    signatureText = text;
  }
  return signatureLength;
}

/** The bytes of a signature. They are to be used at once: the next signature is read to the same place. */
export function signatureBytes(text: string): Uint8Array {
  const length = readSignature(text);
  signatureViews[length] ??= new Uint8Array(signatureBuffer.buffer, signatureBuffer.byteOffset, length);
  return signatureViews[length];
}

/** The first bytes in the scratch, which are ASCII, as a text. */
export function asciiInScratch(length: number): string {
  return scratchBuffer.latin1Slice(0, length);
}

/** The first bytes in the scratch as a text, or `undefined` where they are not well-formed UTF-8. */
export function textInScratch(length: number): string | undefined {
  if (isAscii(length)) return asciiInScratch(length);
  return isUtf8(scratchBuffer.subarray(0, length)) ? scratchBuffer.toString('utf8', 0, length) : undefined;
}

/** Whether the scratch holds only ASCII. It may say no for what lies up to three bytes behind: that costs time only. */
function isAscii(length: number): boolean {
  let bits = 0;
  for (let word = (length + 3) >> 2; word-- > 0; ) bits |= scratchWords[word] as number;
  return (bits & 0x80808080) === 0;
}

/** UTF-8, then base64url. */
export function encodeText(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

export function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Bytes of ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
