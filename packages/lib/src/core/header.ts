/** The JOSE header (RFC 7515 §4) of this profile, and a memory of those that were read. */
import { encodeText } from '#engine';
import { ALGORITHMS, type Algorithm, type AlgorithmName } from './algorithms.ts';
import { decodedLength, decodeTextSegment } from './base64url.ts';
import { isTextOf, LIMITS } from './claims.ts';
import type { KeyHint } from './contracts.ts';
import type { MalformedCode } from './reasons.ts';
import { parseStrictJsonObject } from './strict-json.ts';

/** What a header says. */
export interface Header {
  readonly algorithm: Algorithm;
  /** A hint, nothing more. */
  readonly kid: string | undefined;
  /** What a key store is told. */
  readonly hint: KeyHint;
}

/** Members that change how a JWS is read (RFC 7515 §4.1.11, RFC 7797, RFC 7516): none is supported, so none may be there. */
const UNSUPPORTED = ['crit', 'b64', 'zip', 'enc'];

/** A client sends the same header with every request: it is found again by a few of its characters, and compared as a whole. */
const SLOTS = 4096;
const MAX_REMEMBERED = 256;
const texts: string[] = /* @__PURE__ */ new Array(SLOTS).fill('');
const headers: (Header | undefined)[] = /* @__PURE__ */ new Array(SLOTS).fill(undefined);

/**
 * Reads the header of a token.
 *
 * @param token - without foreign characters
 * @param end - where its first dot is
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
    // Written anew, so that it does not hold on to the whole token.
    texts[slot] = encodeText(json);
    headers[slot] = header;
  }
  return header;
}

/** From characters that lie in the kid, in the headers of this library and of the Python package. */
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

/** Writes the first segment: `alg`, `typ` and `kid`, in this order. */
export function encodeHeader(alg: AlgorithmName, kid: string): string {
  return encodeText(JSON.stringify({ alg, typ: 'JWT', kid }));
}
