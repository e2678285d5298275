/** How an encrypted PEM is encrypted: RFC 8018 (PBES1, PBES2), RFC 7292 (PKCS#12), RFC 7914 (scrypt) and OpenSSL's traditional format. */
import { hasCipher, hasHash } from '#engine';
import { childrenOf, INTEGER, oidOf, readElements } from './der-reader.ts';
import { CIPHERS, HASHES, PBES1, PBES2, PBKDF2, SCRYPT, type Scheme } from './encryption-schemes.ts';
import { KeyError } from './key-error.ts';
import type { PemContent } from './pem.ts';

/** Ciphers that OpenSSL 3 has moved to its legacy provider, where the command still finds them. */
const LEGACY = /^(?:desx-cbc|(?:des|rc2|bf|cast5|idea|seed)-(?:cbc|cfb|ofb|ecb)|rc2-(?:40|64)-cbc|rc4(?:-40)?)$/;

/** Memory that OpenSSL gives to scrypt, in bytes. */
const SCRYPT_MEMORY = 33_554_432;

/** The encryption of a key. */
export interface Encryption {
  /** `lacking`: no passphrase can open the key here; `unknown`: OpenSSL may know it all the same. */
  readonly state: 'available' | 'lacking' | 'unknown';
  /** Explains why OpenSSL did not open the key, if the passphrase is not the reason. */
  openingError(): KeyError | undefined;
}

/**
 * Finds how a block is encrypted.
 *
 * @returns `undefined` for a block that is not encrypted
 */
export function encryptionOf(label: string, { der, dek }: PemContent): Encryption | undefined {
  if (dek !== undefined) {
    const cipher = dek.cipher.toLowerCase();
    return encryption(hasCipher(cipher) || LEGACY.test(cipher) ? { name: dek.cipher, cipher } : undefined, false);
  }
  if (label !== 'ENCRYPTED PRIVATE KEY') return undefined;
  const [identifier, parameters] = childrenOf(childrenOf(childrenOf(der)[0])[0]);
  const oid = oidOf(identifier);
  if (oid !== PBES2) return encryption(lookUp(PBES1, oid), false);
  const [kdf, encryptionScheme] = childrenOf(parameters);
  const [kdfId, kdfParameters] = childrenOf(kdf);
  const cipher = lookUp(CIPHERS, oidOf(childrenOf(encryptionScheme)[0]));
  const hash = hashOf(oidOf(kdfId), kdfParameters);
  const isTooLarge = oidOf(kdfId) === SCRYPT && scryptMemory(kdfParameters) > SCRYPT_MEMORY;
  return encryption(
    cipher === undefined || hash === undefined ? undefined : { name: cipher.toUpperCase(), cipher, hash },
    isTooLarge,
  );
}

function encryption(found: Scheme | undefined, isTooLarge: boolean): Encryption {
  if (found === undefined) return { state: 'unknown', openingError: () => unsupported(undefined) };
  const { cipher, hash } = found;
  const isThere = hasCipher(cipher) && (hash === undefined || hasHash(hash));
  if (!isThere) return { state: 'lacking', openingError: () => unsupported(found) };
  return { state: 'available', openingError: () => (isTooLarge ? tooLarge() : undefined) };
}

function unsupported(found: Scheme | undefined): KeyError {
  const what =
    found === undefined ? 'in a way that OpenSSL does not open' : `with ${found.name}, which this OpenSSL lacks`;
  const canConvert = found !== undefined && LEGACY.test(found.cipher) && found.hash !== 'md2';
  return new KeyError(
    'unsupported',
    `this private key is encrypted ${what}; encrypt a copy again ${
      canConvert
        ? 'with `openssl pkcs8 -topk8 -v2 aes256 -provider legacy -provider default -in FILE -out NEW`'
        : 'with AES-256-CBC (PBES2, PBKDF2), using the program that wrote it'
    }`,
  );
}

function tooLarge(): KeyError {
  return new KeyError(
    'too_large',
    'this private key asks for more memory than the 32 MiB that OpenSSL gives to scrypt; encrypt a copy again at a lower cost, using the program that wrote it',
  );
}

/** A hash of PBKDF2; for scrypt, the one that it always uses. */
function hashOf(kdf: string | undefined, parameters: Uint8Array | undefined): string | undefined {
  if (kdf === SCRYPT) return 'sha256';
  if (kdf !== PBKDF2) return undefined;
  const last = (parameters === undefined ? undefined : readElements(parameters))?.at(-1);
  // What is left out is HMAC with SHA-1.
  return last === undefined || last.tag === INTEGER ? 'sha1' : lookUp(HASHES, oidOf(childrenOf(last.content)[0]));
}

/** N and r are after the salt (RFC 7914 §7). */
function scryptMemory(parameters: Uint8Array | undefined): number {
  const [, cost, blockSize, parallel] = childrenOf(parameters).map((content) =>
    content.reduce((number, byte) => number * 256 + byte, 0),
  );
  return 128 * (blockSize ?? 0) * ((cost ?? 0) + 2 + (parallel ?? 0));
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string | undefined): Value | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
