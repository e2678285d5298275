/** Reads and writes JOSE headers (RFC 7515 §4), and caches the headers that it has read. */
import { encodeText } from '#engine';
import { ALGORITHMS, type Algorithm, type AlgorithmName } from './algorithms.ts';
import { decodedLength, decodeTextSegment } from './base64url.ts';
import { isTextOf, LIMITS } from './claims.ts';
import type { KeyHint } from './contracts.ts';
import type { MalformedCode } from './reasons.ts';
import { parseStrictJsonObject } from './strict-json.ts';

/** A JOSE header. */
export interface Header {
  readonly algorithm: Algorithm;
  /** Not verified: anyone can choose it. */
  readonly kid: string | undefined;
  /** Passed to the key store. */
  readonly hint: KeyHint;
}

/** Members that change how a JWS is read (RFC 7515 §4.1.11, RFC 7797, RFC 7516). A header with one of them is refused. */
const UNSUPPORTED = ['crit', 'b64', 'zip', 'enc'];

/**
 * The number of cached headers. A client sends the same header with every request. The cache looks it up by a hash of a few characters,
 * then compares the whole text.
 */
const SLOTS = 4096;
const MAX_REMEMBERED = 256;
const texts: string[] = /* @__PURE__ */ new Array(SLOTS).fill('');
const headers: (Header | undefined)[] = /* @__PURE__ */ new Array(SLOTS).fill(undefined);

/**
 * Reads the header of a token.
 *
 * @param token - contains only base64url characters and dots
 * @param end - the index of its first dot
 * @returns the header, or the code that says what is malformed
 */
export function readHeader(token: string, end: number): Header | MalformedCode {
  const slot = slotOf(token, end);
  const text = token.slice(0, end);
  if (text === texts[slot]) return headers[slot] as Header;
  if (decodedLength(text) > LIMITS.header) return 'header_too_long';
  const json = decodeTextSegment(text);
  if (json === undefined) return 'header_json';
  const header = parseHeader(json);
  if (typeof header !== 'string' && end <= MAX_REMEMBERED) {
    // Encode it again, because a slice would keep the whole token in memory.
    texts[slot] = encodeText(json);
    headers[slot] = header;
  }
  return header;
}

/** Hashes a few characters. They are part of the kid in headers of this library and of the Python package. */
function slotOf(token: string, end: number): number {
  let hash = end;
  for (let back = 24; back <= 64; back += 8) hash = (hash * 31 + token.charCodeAt(end - back)) | 0;
  return (hash ^ (hash >>> 12)) & (SLOTS - 1);
}

function parseHeader(json: string): Header | MalformedCode {
  const header = parseStrictJsonObject(json);
  if (header === undefined) return 'header_json';
  const { alg, typ, kid } = header;
  const algorithm = typeof alg === 'string' ? ALGORITHMS[alg] : undefined;
  if (algorithm === undefined) return 'alg';
  if (typ !== undefined && !(typeof typ === 'string' && typ.toUpperCase() === 'JWT')) return 'typ';
  if (kid !== undefined && !isTextOf(kid, LIMITS.kid)) return 'kid';
  if (UNSUPPORTED.some((name) => name in header)) return 'unsupported_header';
  return { algorithm, kid, hint: Object.freeze({ kid, alg: algorithm.name }) };
}

/** Encodes the first segment of a token: `alg`, `typ` and `kid`, in this order. */
export function encodeHeader(alg: AlgorithmName, kid: string): string {
  return encodeText(JSON.stringify({ alg, typ: 'JWT', kid }));
}
