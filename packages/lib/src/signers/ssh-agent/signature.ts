/** Converts the signatures of an agent (RFC 4253 §6.6, RFC 5656 §3.1.2, RFC 8332, RFC 8709) to JWS signatures. */
import type { Curve } from '../../core/algorithms.ts';
import { KeyError } from '../../keys/key-error.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { concatBytes, SshReader } from '../../keys/ssh-wire.ts';
import { SshAgentError } from './error.ts';

/** How a type of key signs: the flags that the request must have, and the name that the signature must have. */
interface Scheme {
  readonly flags: number;
  readonly name: string;
  read(reader: SshReader, length: number): Uint8Array;
}

/**
 * The flag SSH_AGENT_RSA_SHA2_512. Without it, an agent signs with SHA-1. Do not set the flag for SHA-256 too: the agent would sign with
 * SHA-256.
 */
const RSA_SHA2_512 = 4;

const ecdsa = (id: string): Scheme => ({ flags: 0, name: `ecdsa-sha2-${id}`, read: readEcdsa });
const SCHEMES: Readonly<Record<'rsa' | 'ed25519' | Curve, Scheme>> = {
  rsa: { flags: RSA_SHA2_512, name: 'rsa-sha2-512', read: (reader, length) => padded(reader.string(), length) },
  ed25519: { flags: 0, name: 'ssh-ed25519', read: (reader) => reader.string() },
  'P-256': ecdsa('nistp256'),
  'P-384': ecdsa('nistp384'),
  'P-521': ecdsa('nistp521'),
};

export function schemeOf({ type, curve }: PublicKey): Scheme {
  return SCHEMES[curve ?? (type as 'rsa' | 'ed25519')];
}

/**
 * Reads a signature.
 *
 * @param response - the content of the agent's response
 * @throws SshAgentError `bad_answer`
 */
export function readSignature(response: Uint8Array, key: PublicKey): Uint8Array {
  const scheme = schemeOf(key);
  try {
    const outer = new SshReader(response);
    const reader = new SshReader(outer.string());
    outer.end();
    const name = reader.text();
    if (name !== scheme.name) throw new SshAgentError('bad_answer', wrongScheme(name, scheme.name));
    const signature = scheme.read(reader, key.signatureLength);
    reader.end();
    if (signature.length === key.signatureLength) return signature;
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
  }
  throw new SshAgentError('bad_answer', 'the ssh-agent sent a malformed signature, or one of the wrong length');
}

function wrongScheme(name: string, wanted: string): string {
  if (name === 'ssh-rsa')
    return `the ssh-agent signs with SHA-1, which is not accepted; use an agent that supports ${wanted}`;
  return `the ssh-agent does not sign with ${wanted}`;
}

/** Reads two numbers and pads each to the length of a coordinate (RFC 7518 §3.4). */
function readEcdsa(reader: SshReader, length: number): Uint8Array {
  const numbers = new SshReader(reader.string());
  const half = length / 2;
  const signature = concatBytes(padded(numbers.mpint(), half), padded(numbers.mpint(), half));
  numbers.end();
  return signature;
}

/** Adds leading zeros, because some agents leave them out. */
function padded(number: Uint8Array, length: number): Uint8Array {
  return number.length < length ? concatBytes(new Uint8Array(length - number.length), number) : number;
}
