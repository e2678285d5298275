/** Decrypts OpenSSH private key files (openssh PROTOCOL.key, PROTOCOL.chacha20poly1305). */
import { bcryptPbkdf, type CipherName, decipher } from '#engine';
import { KeyError } from './key-error.ts';
import { poly1305 } from './poly1305.ts';
import { SshReader, sameBytes } from './ssh-wire.ts';

/**
 * Maximum number of bcrypt rounds. Each round takes 17 to 20 ms of CPU time on the calling thread. `ssh-keygen` uses 16 or 24 rounds by
 * default; a file can ask for up to 2^32 rounds, which would take years.
 */
const MAX_ROUNDS = 512;

/** A cipher. The lengths of its key, initialization vector, block and authentication tag are in bytes. */
interface Cipher {
  readonly key: number;
  readonly iv: number;
  readonly block: number;
  readonly tag: number;
  open(key: Uint8Array, iv: Uint8Array, section: Uint8Array, tag: Uint8Array): Uint8Array;
}

const aes = (bits: 128 | 192 | 256, mode: 'ctr' | 'cbc'): Cipher => ({
  ...{ key: bits / 8, iv: 16, block: 16, tag: 0 },
  open: (key, iv, section) => decipher(`aes-${bits}-${mode}`, key, iv, section, undefined),
});
const gcm = (bits: 128 | 256): Cipher => ({
  ...{ key: bits / 8, iv: 12, block: 16, tag: 16 },
  open: (key, iv, section, tag) => decipher(`aes-${bits}-gcm` satisfies CipherName, key, iv, section, tag),
});

/** Ciphers by the names that `ssh-keygen -Z` accepts. The table has no prototype, because the names come from files. */
const CIPHERS: Readonly<Record<string, Cipher | undefined>> = Object.assign(Object.create(null), {
  'aes128-ctr': aes(128, 'ctr'),
  'aes192-ctr': aes(192, 'ctr'),
  'aes256-ctr': aes(256, 'ctr'),
  'aes128-cbc': aes(128, 'cbc'),
  'aes192-cbc': aes(192, 'cbc'),
  'aes256-cbc': aes(256, 'cbc'),
  'aes128-gcm@openssh.com': gcm(128),
  'aes256-gcm@openssh.com': gcm(256),
  'chacha20-poly1305@openssh.com': { key: 64, iv: 0, block: 8, tag: 16, open: openChaCha },
});

/** The block size of a section that is not encrypted, in bytes. */
export const PLAIN_BLOCK = 8;

/** Describes how the private section of a file is encrypted. */
export interface Encryption {
  readonly cipher: string;
  readonly kdf: string;
  readonly kdfOptions: Uint8Array;
}

/** Returns the length of the authentication tag after the section, in bytes; 0 for an unknown cipher. */
export function tagLength(cipher: string): number {
  return CIPHERS[cipher]?.tag ?? 0;
}

/**
 * Decrypts a private section.
 *
 * @returns the decrypted section, and the block size of its cipher in bytes
 * @throws KeyError `passphrase_required`, `wrong_passphrase`, `missing_peer`, `unsupported`, `too_large` or `malformed`
 */
export function openSection(
  { cipher: name, kdf, kdfOptions }: Encryption,
  section: Uint8Array,
  tag: Uint8Array,
  passphrase: string | undefined,
): { readonly section: Uint8Array; readonly block: number } {
  const cipher = CIPHERS[name];
  if (cipher === undefined || kdf !== 'bcrypt') {
    throw new KeyError(
      'unsupported',
      'the cipher of this encrypted OpenSSH private key is not supported; re-encrypt a copy with `ssh-keygen -p -Z aes256-ctr -f COPY`',
    );
  }
  const { salt, rounds } = readKdfOptions(kdfOptions);
  if (section.length === 0 || section.length % cipher.block !== 0) {
    throw new KeyError('malformed', 'the OpenSSH private key is damaged: its section does not consist of whole blocks');
  }
  if (passphrase === undefined || passphrase === '') {
    throw new KeyError('passphrase_required', 'this OpenSSH private key is encrypted; give its passphrase');
  }
  const derived = bcryptPbkdf(passphrase, salt, rounds, cipher.key + cipher.iv);
  if (derived === undefined) {
    throw new KeyError(
      'missing_peer',
      'an encrypted OpenSSH private key needs the package bcrypt-pbkdf; install it: `npm install bcrypt-pbkdf`',
    );
  }
  try {
    const opened = cipher.open(derived.subarray(0, cipher.key), derived.subarray(cipher.key), section, tag);
    return { section: opened, block: cipher.block };
  } catch {
    throw wrongPassphrase();
  }
}

export function wrongPassphrase(): KeyError {
  return new KeyError('wrong_passphrase', 'the passphrase does not decrypt this private key, or the key is damaged');
}

function readKdfOptions(options: Uint8Array): { salt: Uint8Array; rounds: number } {
  const reader = new SshReader(options);
  const salt = reader.string();
  const rounds = reader.uint32();
  reader.end();
  if (salt.length === 0 || rounds === 0) {
    throw new KeyError('malformed', 'the OpenSSH private key is damaged: its encryption has no salt or no rounds');
  }
  if (rounds > MAX_ROUNDS) {
    throw new KeyError(
      'too_large',
      `this OpenSSH private key needs ${rounds} rounds of bcrypt, but at most ${MAX_ROUNDS} are supported; re-encrypt a copy with \`ssh-keygen -p -a 100 -f COPY\``,
    );
  }
  return { salt, rounds };
}

/**
 * Decrypts a section with chacha20-poly1305@openssh.com, using the first half of the key and the sequence number 0. Block 0 of the key
 * stream is the Poly1305 key; the blocks from 1 on encrypt the section.
 */
function openChaCha(key: Uint8Array, _iv: Uint8Array, section: Uint8Array, tag: Uint8Array): Uint8Array {
  const main = key.subarray(0, 32);
  const counter = (block: number) => Uint8Array.of(block, ...new Uint8Array(15));
  const polyKey = decipher('chacha20', main, counter(0), new Uint8Array(32), undefined);
  if (!sameBytes(poly1305(polyKey, section), tag)) throw wrongPassphrase();
  return decipher('chacha20', main, counter(1), section, undefined);
}
