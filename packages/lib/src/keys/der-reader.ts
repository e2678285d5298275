/** Reads DER (X.690 §10), and refuses lengths and integers that are not in their shortest form. */

/** One DER element. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

export const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;
const CONSTRUCTED = 0x20;
/** Maximum nesting depth. No key is nested this deeply. */
const MAX_DEPTH = 16;

/**
 * Splits bytes into elements.
 *
 * @returns the elements, or `undefined` if a length is indefinite, not minimal, or greater than the number of bytes that follow
 */
export function readElements(bytes: Uint8Array): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number;
    const head = readLength(bytes, at + 1);
    // Keys contain no multi-byte tags.
    if ((tag & 0x1f) === 0x1f || head === undefined || head.end + head.length > bytes.length) return undefined;
    at = head.end + head.length;
    elements.push({ tag, content: bytes.subarray(head.end, at) });
  }
  return elements;
}

/** Reads a length of at most 65 535, which is enough for every key. */
function readLength(bytes: Uint8Array, at: number): { readonly length: number; readonly end: number } | undefined {
  const [first = 0x80, second = 0, third = 0] = bytes.subarray(at, at + 3);
  if (first < 0x80) return { length: first, end: at + 1 };
  if (first === 0x81) return second < 0x80 ? undefined : { length: second, end: at + 2 };
  return first === 0x82 && second !== 0 ? { length: second * 256 + third, end: at + 3 } : undefined;
}

/** Reports whether bytes are exactly one DER element, and the elements inside it are DER too. */
function isExactDer(bytes: Uint8Array): boolean {
  const elements = readElements(bytes);
  return elements?.length === 1 && isDer(elements[0] as DerElement, 0);
}

function isDer({ tag, content }: DerElement, depth: number): boolean {
  if ((tag & CONSTRUCTED) === 0) return tag !== INTEGER || isMinimal(content);
  return depth < MAX_DEPTH && (readElements(content)?.every((element) => isDer(element, depth + 1)) ?? false);
}

/** Reports whether an INTEGER is in its shortest form: its first nine bits are not all the same (X.690 §8.3.2). */
function isMinimal([first, second]: Uint8Array): boolean {
  if (first === undefined || second === undefined) return first !== undefined;
  return !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80);
}

/**
 * Reports whether bytes are the DER of a private key (RFC 5958, RFC 8017 §A.1.2, RFC 5915 §3) or of an encrypted private key (RFC 5958 §3).
 * The key inside a PKCS#8 structure must be DER too.
 */
export function isExactPrivateDer(der: Uint8Array): boolean {
  if (!isExactDer(der)) return false;
  const [version, algorithm, key] = readElements(readElements(der)?.[0]?.content as Uint8Array) ?? [];
  const isPkcs8 = version?.tag === INTEGER && algorithm?.tag === SEQUENCE && key?.tag === OCTET_STRING;
  return !isPkcs8 || isExactDer(key.content);
}

/** Returns the contents of the elements inside an element, or an empty array if it is missing or not DER. */
export function childrenOf(content: Uint8Array | undefined): readonly Uint8Array[] {
  return (content === undefined ? undefined : readElements(content))?.map((element) => element.content) ?? [];
}

/** Converts an OBJECT IDENTIFIER (X.690 §8.19) to dotted form. */
export function oidOf(content: Uint8Array | undefined): string | undefined {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content ?? []) {
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
    }
  }
  const [first, ...others] = numbers;
  if (first === undefined) return undefined;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...others].join('.');
}
