/**
 * Converts between text and bytes with Node's Buffer. Decodes the header and the payload of a token into a scratch buffer, so that it
 * allocates nothing.
 */
import { isUtf8 } from 'node:buffer';

/** Declares the methods that `write` and `toString` of a Buffer call. Those two spend half of their time on the name of the encoding. */
interface DirectBuffer extends Buffer {
  base64urlWrite(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
}

/** Decodes base64 or base64url and skips all other characters. `core/base64url.ts` adds the strict checks. */
export function decodeBase64urlLoosely(text: string): Uint8Array {
  return Buffer.from(text, 'base64url');
}

/** Longest text that is decoded, in characters: the limit of a token. */
const MAX_TEXT = 8192;
// Marked pure, so that bundlers drop these buffers from the client.
const scratchMemory = /* @__PURE__ */ new ArrayBuffer(MAX_TEXT);
const scratchBuffer = /* @__PURE__ */ Buffer.from(scratchMemory) as DirectBuffer;
const scratchWords = /* @__PURE__ */ new Int32Array(scratchMemory);
/** The scratch buffer. Decoded bytes are valid until the next call of {@link decodeToScratch}. */
export const scratch: Uint8Array = /* @__PURE__ */ new Uint8Array(scratchMemory);

/**
 * Decodes base64 or base64url into the scratch buffer and skips all other characters.
 *
 * @param text - at most 8192 characters
 * @returns the number of bytes
 */
export function decodeToScratch(text: string): number {
  return scratchBuffer.base64urlWrite(text, 0, MAX_TEXT);
}

const SLAB_SIZE = 65_536;
let slab = /* @__PURE__ */ Buffer.alloc(0) as DirectBuffer;
let slabAt = SLAB_SIZE;

/**
 * Decodes base64 or base64url and skips all other characters.
 *
 * @param text - at most 8192 characters
 * @returns bytes that are never overwritten. They are part of a larger buffer, because one buffer for each token would take twice the time.
 */
export function decodeToSlab(text: string): Uint8Array {
  if (slabAt + MAX_TEXT > SLAB_SIZE) {
    slab = Buffer.allocUnsafeSlow(SLAB_SIZE) as DirectBuffer;
    slabAt = 0;
  }
  const bytes = new Uint8Array(slab.buffer, slabAt, slab.base64urlWrite(text, slabAt, MAX_TEXT));
  slabAt += bytes.length;
  return bytes;
}

/** Returns the first bytes of the scratch buffer as a string. They must be ASCII. */
export function asciiInScratch(length: number): string {
  return scratchBuffer.latin1Slice(0, length);
}

/** Returns the first bytes of the scratch buffer as a string, or `undefined` if they are not well-formed UTF-8. */
export function textInScratch(length: number): string | undefined {
  if (isAscii(length)) return asciiInScratch(length);
  return isUtf8(scratchBuffer.subarray(0, length)) ? scratchBuffer.toString('utf8', 0, length) : undefined;
}

/**
 * Returns whether the first bytes of the scratch buffer are ASCII. Because it also reads up to three bytes after them, it can return false
 * for ASCII, which only costs time.
 */
function isAscii(length: number): boolean {
  let bits = 0;
  for (let word = (length + 3) >> 2; word-- > 0; ) bits |= scratchWords[word] as number;
  return (bits & 0x80808080) === 0;
}

/** Encodes a string as UTF-8 in base64url. */
export function encodeText(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

/** Encodes bytes in base64url. */
export function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Encodes bytes in lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Returns the bytes of an ASCII string. */
export function asciiBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Returns the length of a string in UTF-8, in bytes. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
