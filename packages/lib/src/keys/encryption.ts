/**
 * Detects how a private key is encrypted: with PBES1 or PBES2 (RFC 8018), PKCS#12 (RFC 7292), scrypt (RFC 7914), or in OpenSSL's
 * traditional format.
 */
import { hasCipher, hasHash } from '#engine';
import { childrenOf, INTEGER, oidOf, readElements } from './der-reader.ts';
import { CIPHERS, HASHES, PBES1, PBES2, PBKDF2, SCRYPT, type Scheme } from './encryption-schemes.ts';
import { KeyError } from './key-error.ts';
import type { PemContent } from './pem.ts';

/** Ciphers that OpenSSL 3 keeps in its legacy provider. Node does not load this provider, but the `openssl` command can. */
const LEGACY = /^(?:desx-cbc|(?:des|rc2|bf|cast5|idea|seed)-(?:cbc|cfb|ofb|ecb)|rc2-(?:40|64)-cbc|rc4(?:-40)?)$/;

/** OpenSSL's memory limit for scrypt, in bytes. */
const SCRYPT_MEMORY = 33_554_432;

/** Describes how a key is encrypted. */
export interface Encryption {
  /** `lacking`: this OpenSSL cannot decrypt the key; `unknown`: the scheme is not in our tables, but OpenSSL may support it. */
  readonly state: 'available' | 'lacking' | 'unknown';
  /** Returns an error that says why OpenSSL did not decrypt the key, or `undefined` if the passphrase is the reason. */
  openingError(): KeyError | undefined;
}

/**
 * Detects how a PEM block is encrypted.
 *
 * @returns the encryption, or `undefined` if the block is not encrypted
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
    found === undefined
      ? 'with a scheme that OpenSSL does not support'
      : `with ${found.name}, which this OpenSSL lacks`;
  const canConvert = found !== undefined && LEGACY.test(found.cipher) && found.hash !== 'md2';
  return new KeyError(
    'unsupported',
    `this private key is encrypted ${what}; re-encrypt a copy ${
      canConvert
        ? 'with `openssl pkcs8 -topk8 -v2 aes256 -provider legacy -provider default -in FILE -out NEW`'
        : 'with AES-256-CBC (PBES2, PBKDF2), using the program that wrote it'
    }`,
  );
}

function tooLarge(): KeyError {
  return new KeyError(
    'too_large',
    'this private key needs more memory for scrypt than the 32 MiB that OpenSSL allows; re-encrypt a copy with a lower cost, using the program that wrote it',
  );
}

/** Returns the hash of a key derivation function. PBKDF2 names it in its parameters; scrypt always uses SHA-256. */
function hashOf(kdf: string | undefined, parameters: Uint8Array | undefined): string | undefined {
  if (kdf === SCRYPT) return 'sha256';
  if (kdf !== PBKDF2) return undefined;
  const last = (parameters === undefined ? undefined : readElements(parameters))?.at(-1);
  // If the parameters name no hash, PBKDF2 uses HMAC with SHA-1.
  return last === undefined || last.tag === INTEGER ? 'sha1' : lookUp(HASHES, oidOf(childrenOf(last.content)[0]));
}

/**
 * Returns the memory that scrypt needs, in bytes. In the parameters, the salt comes first, then the cost, the block size and the
 * parallelization (RFC 7914 §7).
 */
function scryptMemory(parameters: Uint8Array | undefined): number {
  const [, cost, blockSize, parallel] = childrenOf(parameters).map((content) =>
    content.reduce((number, byte) => number * 256 + byte, 0),
  );
  return 128 * (blockSize ?? 0) * ((cost ?? 0) + 2 + (parallel ?? 0));
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string | undefined): Value | undefined {
  return name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
