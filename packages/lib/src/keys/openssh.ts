/** Reads and writes OpenSSH public key lines (sshd(8), RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4). */
import { encodeBytes, type JsonWebKey } from '#engine';
import { COORDINATE_LENGTH, type Curve } from '../core/algorithms.ts';
import { decodeBase64url } from '../core/base64url.ts';
import { decodeBase64 } from './base64.ts';
import { KeyError } from './key-error.ts';
import { concatBytes, SshReader, sshMpint, sshString } from './ssh-wire.ts';

const CURVES: Readonly<Record<string, Curve>> = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' };
const CURVE_IDS: Readonly<Record<Curve, string>> = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' };
export const TYPES: readonly string[] = [
  'ssh-rsa',
  'ssh-ed25519',
  ...Object.keys(CURVES).map((id) => `ecdsa-sha2-${id}`),
];

/** Matches the name of a key type, supported or not. Every OpenSSH line begins with such a name. */
const TYPE_NAME = /^(?:ssh-|ecdsa-|sk-|rsa-sha2-)[a-z0-9@.-]+$/;

/** The unchecked parts of a public key line. */
export interface SshPublicLine {
  readonly type: string;
  readonly blob: Uint8Array;
  readonly comment: string | undefined;
}

/**
 * Splits a line of the form `type base64 comment`.
 *
 * @throws KeyError `malformed`
 */
export function parsePublicLine(line: string): SshPublicLine {
  if (/[\r\n\u2028\u2029]/.test(line)) {
    throw new KeyError('malformed', 'there are several lines; give one public key at a time');
  }
  const [type = '', base64 = ''] = line.split(/[ \t]+/, 2);
  const comment = line.slice(line.indexOf(base64, type.length) + base64.length).trim();
  if (!TYPE_NAME.test(type)) {
    const hint = /(?:^|[\s,"])(?:ssh-|ecdsa-)/.test(line)
      ? ' (options before the key are allowed only in an authorized_keys file)'
      : '';
    throw new KeyError(
      'malformed',
      `this is not a key in any known format${hint}; give PEM, an OpenSSH public key line, or a JWK`,
    );
  }
  const blob = decodeBase64(base64);
  if (blob === undefined)
    throw new KeyError('malformed', 'the second word of the OpenSSH line is not canonical base64');
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(comment)) {
    throw new KeyError('malformed', 'the comment of the OpenSSH line has control or format characters; remove them');
  }
  return { type, blob, comment: comment === '' ? undefined : comment };
}

/**
 * Reads the key in a public key line.
 *
 * @throws KeyError `malformed`, or `unsupported` for certificates, FIDO keys, DSA keys and other types
 */
export function publicJwkOfLine({ type, blob }: SshPublicLine): JsonWebKey {
  if (!TYPES.includes(type)) throw new KeyError('unsupported', unsupportedType(type));
  return publicJwkOfBlob(blob, type);
}

/** Returns the message for a key type that is not supported. The message does not contain the type, which may be any pasted text. */
export function unsupportedType(type: string): string {
  if (type.includes('-cert-'))
    return 'this is an OpenSSH certificate; give the public key itself, from the .pub file without -cert';
  if (type.startsWith('sk-'))
    return 'this is a FIDO key, whose signatures are not JWS signatures; make another key with `ssh-keygen -t ed25519`';
  return `OpenSSH keys of this type cannot sign tokens; use one of ${TYPES.join(', ')}`;
}

/** @param type - the type that the line or the file names */
function publicJwkOfBlob(blob: Uint8Array, type: string): JsonWebKey {
  const reader = new SshReader(blob);
  if (reader.text() !== type)
    throw new KeyError('malformed', `the OpenSSH line names the type ${type}, but its key has a different type`);
  const jwk = readPublicFields(reader, type);
  reader.end();
  return jwk;
}

export function readPublicFields(reader: SshReader, type: string): JsonWebKey {
  if (type === 'ssh-rsa') {
    const e = reader.mpint();
    return { kty: 'RSA', n: encodeBytes(reader.mpint()), e: encodeBytes(e) };
  }
  if (type === 'ssh-ed25519') return { kty: 'OKP', crv: 'Ed25519', x: encodeBytes(reader.fixed(32)) };
  const id = reader.text();
  const crv = CURVES[id];
  if (crv === undefined || type !== `ecdsa-sha2-${id}`)
    throw new KeyError('malformed', 'the OpenSSH key names two different curves');
  const length = COORDINATE_LENGTH[crv];
  const point = reader.fixed(1 + 2 * length);
  if (point[0] !== 4) throw new KeyError('malformed', 'the point of the OpenSSH key is not in uncompressed form');
  return { kty: 'EC', crv, x: encodeBytes(point.subarray(1, 1 + length)), y: encodeBytes(point.subarray(1 + length)) };
}

/** Encodes a public key as the blob of an OpenSSH line. The members of the JWK must be canonical. */
export function blobOfJwk(jwk: JsonWebKey): { type: string; blob: Uint8Array } {
  const bytes = (text: string | undefined) => decodeBase64url(text as string) as Uint8Array;
  if (jwk.kty === 'RSA') {
    return { type: 'ssh-rsa', blob: concatBytes(sshString('ssh-rsa'), sshMpint(bytes(jwk.e)), sshMpint(bytes(jwk.n))) };
  }
  if (jwk.kty === 'OKP') {
    return { type: 'ssh-ed25519', blob: concatBytes(sshString('ssh-ed25519'), sshString(bytes(jwk.x))) };
  }
  const id = CURVE_IDS[jwk.crv as Curve];
  const type = `ecdsa-sha2-${id}`;
  const point = concatBytes(Uint8Array.of(4), bytes(jwk.x), bytes(jwk.y));
  return { type, blob: concatBytes(sshString(type), sshString(id), sshString(point)) };
}
