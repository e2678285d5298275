/** Reads OpenSSH private key files (openssh PROTOCOL.key), plain or encrypted. */
import { encodeBytes, type JsonWebKey } from '#engine';
import { COORDINATE_LENGTH, type Curve } from '../core/algorithms.ts';
import { KeyError } from './key-error.ts';
import { toBigInt } from './numbers.ts';
import { blobOfJwk, readPublicFields, TYPES, unsupportedType } from './openssh.ts';
import { openSection, PLAIN_BLOCK, tagLength, wrongPassphrase } from './openssh-cipher.ts';
import { concatBytes, SshReader, sameBytes } from './ssh-wire.ts';

const MAGIC = 'openssh-key-v1\0';

/**
 * Reads an OpenSSH private key.
 *
 * @param passphrase - decrypts the key, if it is encrypted
 * @throws KeyError `unsupported`, `malformed`, or a code of {@link openSection}
 */
export function privateJwkOfFile(file: Uint8Array, passphrase: string | undefined): JsonWebKey {
  const reader = new SshReader(file);
  if (!reader.startsWith(MAGIC))
    throw new KeyError('malformed', 'the OpenSSH private key does not begin with openssh-key-v1');
  const encryption = { cipher: reader.text(), kdf: reader.text(), kdfOptions: reader.string() };
  if (reader.uint32() !== 1)
    throw new KeyError('unsupported', 'the OpenSSH private key file holds several keys; give one at a time');
  const publicBlob = reader.string();
  const type = new SshReader(publicBlob).text();
  // This check comes first, because a passphrase would not help.
  if (!TYPES.includes(type)) throw new KeyError('unsupported', unsupportedType(type));
  const section = reader.string();
  const tag = reader.bytes(tagLength(encryption.cipher));
  reader.end();
  if (encryption.cipher === 'none') return readSection(new SshReader(section), publicBlob, PLAIN_BLOCK, false);
  const opened = openSection(encryption, section, tag, passphrase);
  return readSection(new SshReader(opened.section), publicBlob, opened.block, true);
}

function readSection(reader: SshReader, publicBlob: Uint8Array, block: number, encrypted: boolean): JsonWebKey {
  const check = reader.uint32();
  if (reader.uint32() !== check) {
    // A wrong passphrase decrypts the section to random bytes, and these two numbers differ.
    if (encrypted) throw wrongPassphrase();
    throw new KeyError('malformed', 'the OpenSSH private key is damaged: its two check numbers differ');
  }
  const type = reader.text();
  if (!TYPES.includes(type)) throw new KeyError('unsupported', unsupportedType(type));
  const jwk = readPrivateFields(reader, type);
  reader.string();
  reader.padding(block);
  const { kty, crv, x, y, n, e } = jwk;
  if (!sameBytes(blobOfJwk({ kty, crv, x, y, n, e } as JsonWebKey).blob, publicBlob)) {
    throw new KeyError('malformed', 'the public and private parts of the OpenSSH private key do not match');
  }
  return jwk;
}

function readPrivateFields(reader: SshReader, type: string): JsonWebKey {
  if (type === 'ssh-rsa') {
    const n = reader.mpint();
    const e = reader.mpint();
    const d = reader.mpint();
    const qi = reader.mpint();
    const p = reader.mpint();
    const q = reader.mpint();
    const number = { n, e, d, p, q, qi, dp: remainder(d, p), dq: remainder(d, q) };
    return {
      kty: 'RSA',
      ...Object.fromEntries(Object.entries(number).map(([name, value]) => [name, encodeBytes(value)])),
    };
  }
  if (type === 'ssh-ed25519') {
    const x = reader.fixed(32);
    const seedAndPublic = reader.fixed(64);
    if (!sameBytes(seedAndPublic.subarray(32), x))
      throw new KeyError('malformed', 'the OpenSSH private key has two different public parts');
    return { kty: 'OKP', crv: 'Ed25519', x: encodeBytes(x), d: encodeBytes(seedAndPublic.subarray(0, 32)) };
  }
  const publicPart = readPublicFields(reader, type);
  const length = COORDINATE_LENGTH[publicPart.crv as Curve];
  const d = reader.mpint();
  if (d.length > length)
    throw new KeyError('malformed', 'the private number of the OpenSSH private key is too large for its curve');
  return { ...publicPart, d: encodeBytes(concatBytes(new Uint8Array(length - d.length), d)) };
}

/** Computes d mod (prime − 1), the CRT exponent (RFC 8017 §3.2). */
function remainder(d: Uint8Array, prime: Uint8Array): Uint8Array {
  const modulus = toBigInt(prime) - 1n;
  if (modulus <= 0n) throw new KeyError('malformed', 'a prime of the OpenSSH private key is zero or one');
  const hex = (toBigInt(d) % modulus).toString(16);
  return Uint8Array.from((hex.length % 2 === 0 ? hex : `0${hex}`).match(/../g) as string[], (byte) =>
    Number.parseInt(byte, 16),
  );
}
