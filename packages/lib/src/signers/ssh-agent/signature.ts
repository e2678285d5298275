/** Signatures as an agent returns them (RFC 4253 §6.6, RFC 5656 §3.1.2, RFC 8332, RFC 8709), turned into JWS signatures. */
import type { Curve } from '../../core/algorithms.ts';
import { KeyError } from '../../keys/key-error.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { concatBytes, SshReader } from '../../keys/ssh-wire.ts';
import { SshAgentError } from './error.ts';

/** How a kind of key is asked to sign: the flags of the request, and the name that the signature must have. */
interface Scheme {
  readonly flags: number;
  readonly name: string;
  read(reader: SshReader, length: number): Uint8Array;
}

/** SSH_AGENT_RSA_SHA2_512. Without it an agent signs with SHA-1, and with that of SHA-256 beside it, with SHA-256. */
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
 * @param answer - the content of the agent's answer
 * @throws SshAgentError `bad_answer`
 */
export function readSignature(answer: Uint8Array, key: PublicKey): Uint8Array {
  const scheme = schemeOf(key);
  try {
    const outer = new SshReader(answer);
    const reader = new SshReader(outer.string());
    outer.end();
    const name = reader.text();
    if (name !== scheme.name) throw new SshAgentError('bad_answer', whyOther(name, scheme.name));
    const signature = scheme.read(reader, key.signatureLength);
    reader.end();
    if (signature.length === key.signatureLength) return signature;
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
  }
  throw new SshAgentError('bad_answer', 'the signature of the ssh-agent is broken, or of another length');
}

function whyOther(name: string, wanted: string): string {
  if (name === 'ssh-rsa') return `the ssh-agent signs with SHA-1, which is not taken; it must know ${wanted}`;
  return `the ssh-agent signs with another algorithm than ${wanted}`;
}

/** Two numbers, each as long as a coordinate (RFC 7518 §3.4). */
function readEcdsa(reader: SshReader, length: number): Uint8Array {
  const numbers = new SshReader(reader.string());
  const half = length / 2;
  const signature = concatBytes(padded(numbers.mpint(), half), padded(numbers.mpint(), half));
  numbers.end();
  return signature;
}

/** Some agents leave out the zeros before a number. */
function padded(number: Uint8Array, length: number): Uint8Array {
  return number.length < length ? concatBytes(new Uint8Array(length - number.length), number) : number;
}
