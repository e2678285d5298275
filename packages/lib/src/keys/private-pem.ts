/** Reads private keys in PEM, as OpenSSL and similar tools write them. */
import { type EnginePrivateKey, importPrivatePem } from '#engine';
import { decodeBase64 } from './base64.ts';
import { isExactPrivateDer } from './der-reader.ts';
import { encryptionOf } from './encryption.ts';
import { MAX_KEY_TEXT } from './format.ts';
import { KeyError } from './key-error.ts';
import { wrongPassphrase } from './openssh-cipher.ts';
import { decodePem, nameOfPem, type PemBlock, pemOf } from './pem.ts';
import { isUtf16 } from './utf-16.ts';

const BEGIN = '-----BEGIN ';
const LABELS = ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];

/** Restores PEM from an environment variable: converts `\n` to line ends, and decodes PEM that is base64-encoded as a whole. */
export function unwrapPem(text: string): string {
  if (text.length > 2 * MAX_KEY_TEXT) return text;
  if (text.includes(BEGIN)) return text.replace(/\\r|\\n/g, (end) => (end === '\\n' ? '\n' : '\r'));
  const bytes = decodeBase64(text.replace(/[ \t\r\n]+/g, ''));
  const inner = bytes === undefined ? '' : new TextDecoder().decode(bytes);
  return inner.includes(BEGIN) || isUtf16(inner) ? inner : text;
}

/**
 * Reads a private key in PKCS#8, PKCS#1 or SEC1.
 *
 * @param passphrase - decrypts the key, if it is encrypted
 * @throws KeyError if the block is not such a key, or cannot be decrypted
 */
export function openPrivatePem(block: PemBlock, passphrase: string | undefined): EnginePrivateKey {
  const { label } = block;
  if (!LABELS.includes(label)) throw notAPrivateKey(label);
  const content = decodePem(block);
  // After a Proc-Type header, the DER is encrypted and cannot be checked yet.
  if (content.dek === undefined && !isExactPrivateDer(content.der)) throw notDer(label);
  const encryption = encryptionOf(label, content);
  // This check comes first, because a passphrase would not help.
  if (encryption?.state === 'lacking') throw encryption.openingError();
  if (encryption !== undefined && (passphrase === undefined || passphrase === '')) {
    throw new KeyError('passphrase_required', 'this private key is encrypted; give its passphrase');
  }
  try {
    return importPrivatePem(pemOf(content.der, label, content.dek), encryption === undefined ? undefined : passphrase);
  } catch {
    if (encryption === undefined)
      throw new KeyError(
        'malformed',
        'the PEM block does not contain a private key in the encoding that its label names',
      );
    throw encryption.openingError() ?? wrongPassphrase();
  }
}

function notDer(label: string): KeyError {
  const command = label === 'ENCRYPTED PRIVATE KEY' ? 'pkcs8 -topk8 -v2 aes256' : 'pkey';
  return new KeyError(
    'malformed',
    `the PEM block is damaged, or not in DER encoding; if OpenSSL can read it, write a copy with \`openssl ${command} -in FILE -out NEW\``,
  );
}

function notAPrivateKey(label: string): KeyError {
  if (label.endsWith('PUBLIC KEY')) {
    return new KeyError(
      'public_key',
      `this is a public key (${nameOfPem(label)}); the private key is in another file, often with the same name without .pub`,
    );
  }
  return new KeyError('unsupported', WAYS_OUT[label] ?? `${nameOfPem(label)} is not a supported private key`);
}

/** Error messages for blocks that are not supported private keys, by label. */
const WAYS_OUT: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null), {
  CERTIFICATE:
    'this is a certificate; the private key that belongs to it is in another file, often one that ends in .key',
  'CERTIFICATE REQUEST': 'this is a certificate request; the private key that it was made with is in another file',
  'DSA PRIVATE KEY': 'DSA keys cannot sign tokens; make another key with `ssh-keygen -t ed25519`',
  'EC PARAMETERS': 'this block only names a curve; the private key is in the block EC PRIVATE KEY',
});
