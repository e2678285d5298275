/** Exports the public key of a `CryptoKeyPair`, to register it on a server. */
import { type JsonWebKey, toHex } from '#engine';
import type { AlgorithmName } from '../../core/algorithms.ts';
import { encodeBase64 } from '../../keys/base64.ts';
import { publicDer } from '../../keys/der.ts';
import { blobOfJwk, parsePublicLine } from '../../keys/openssh.ts';
import { pemOf } from '../../keys/pem.ts';

/** A public key in the formats in which servers register it. */
export interface WebCryptoPublicKey {
  /** The SHA-256 of the SPKI PEM in lower-case hex. It is the `kid` in tokens, and the fingerprint in the Python package. */
  readonly kid: string;
  /** The OpenSSH fingerprint `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /**
   * Writes the key as SPKI (RFC 5280 §4.1.2.7).
   *
   * @returns PEM (RFC 7468 §13) with lines of 64 characters, `\n` line ends and a final newline
   */
  toPem(): string;
  /**
   * Writes the key as an OpenSSH public key line (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
   *
   * @param comment - the comment of the line; default: none
   * @returns one line as in a `.pub` file, without a line end
   * @throws KeyError `malformed` if the comment contains line ends, control characters or format characters
   */
  toOpenSsh(comment?: string): string;
  /**
   * Writes the key as a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2).
   *
   * @returns a new object with `kid`, `use` and `alg`
   */
  toJwk(): JsonWebKey;
}

/**
 * Describes a public key.
 *
 * @param jwk - only the canonical members that define the key
 */
export async function webCryptoPublicKey(jwk: JsonWebKey, alg: AlgorithmName): Promise<WebCryptoPublicKey> {
  const pem = pemOf(publicDer(jwk, 'spki'), 'PUBLIC KEY');
  const { type, blob } = blobOfJwk(jwk);
  const kid = toHex(await sha256(new TextEncoder().encode(pem)));
  const fingerprint = `SHA256:${encodeBase64(await sha256(blob)).replace(/=+$/, '')}`;
  return {
    kid,
    fingerprint,
    toPem: () => pem,
    toOpenSsh(comment = '') {
      const line = `${type} ${encodeBase64(blob)}${comment === '' ? '' : ` ${comment}`}`;
      parsePublicLine(line);
      return line;
    },
    toJwk: () => ({ ...jwk, kid, use: 'sig', alg }),
  };
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
