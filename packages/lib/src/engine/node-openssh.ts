/** Decrypts OpenSSH private key files with Node's ciphers, and with a package that is loaded only when such a file is read. */
import { createDecipheriv } from 'node:crypto';
import { createRequire } from 'node:module';

/** The names that OpenSSL gives to the ciphers. */
export type CipherName = `aes-${128 | 192 | 256}-${'ctr' | 'cbc'}` | `aes-${128 | 256}-gcm` | 'chacha20';

/**
 * Decrypts data and leaves any padding in place.
 *
 * @param tag - the authentication tag, for GCM
 * @throws Error if the tag does not match
 */
export function decipher(
  cipher: CipherName,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
  tag: Uint8Array | undefined,
): Uint8Array {
  if (cipher === 'aes-128-gcm' || cipher === 'aes-256-gcm') {
    const opened = createDecipheriv(cipher, key, iv, { authTagLength: 16 }).setAuthTag(tag as Uint8Array);
    return Buffer.concat([opened.update(data), opened.final()]);
  }
  const opened = createDecipheriv(cipher, key, iv).setAutoPadding(false);
  return Buffer.concat([opened.update(data), opened.final()]);
}

/** The part of the package `bcrypt-pbkdf` that is used. */
interface BcryptPbkdf {
  pbkdf(
    passphrase: Uint8Array,
    passphraseLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number;
}

/**
 * Derives a key with OpenBSD's bcrypt_pbkdf, which the package `bcrypt-pbkdf` provides if it is installed.
 *
 * @param length - length of the result, in bytes
 * @returns the derived bytes, or `undefined` if the package is not installed
 */
export function bcryptPbkdf(
  passphrase: string,
  salt: Uint8Array,
  rounds: number,
  length: number,
): Uint8Array | undefined {
  let bcrypt: BcryptPbkdf;
  try {
    bcrypt = createRequire(import.meta.url)('bcrypt-pbkdf');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
  const secret = Buffer.from(passphrase, 'utf8');
  const key = new Uint8Array(length);
  if (bcrypt.pbkdf(secret, secret.length, salt, salt.length, key, length, rounds) !== 0) {
    throw new Error('bcrypt-pbkdf rejected its parameters');
  }
  return key;
}
