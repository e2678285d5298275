/** Keys made by the openssl command, in every format that it writes. */

import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { keyErrorCode, verifies } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { PrivateKey, PublicKey } from '../../src/index.ts';

const there = hasProgram('openssl', 'version');
const openssl = (input: string, ...args: readonly string[]) => (there ? runProgram('openssl', args, input) : '');
const generate = (algorithm: string, ...options: readonly string[]) =>
  openssl('', 'genpkey', '-quiet', '-algorithm', algorithm, ...options.flatMap((option) => ['-pkeyopt', option]));
const PASSPHRASE = 'correct horse battery staple';
const ENCRYPT = ['-aes256', '-passout', `pass:${PASSPHRASE}`] as const;

const KINDS = {
  Ed25519: generate('ED25519'),
  RSA: generate('RSA', 'rsa_keygen_bits:2048'),
  'P-256': generate('EC', 'ec_paramgen_curve:P-256'),
  'P-384': generate('EC', 'ec_paramgen_curve:P-384'),
  'P-521': generate('EC', 'ec_paramgen_curve:P-521'),
} as const;

/** Formats that `openssl` converts a PKCS#8 key to; the traditional formats are PKCS#1 and SEC1. */
const FORMATS: Readonly<
  Record<string, { readonly args: readonly string[]; readonly label: string; readonly kinds: RegExp }>
> = {
  'PKCS#8': { args: ['pkey'], label: 'PRIVATE KEY', kinds: /./ },
  'PKCS#8, encrypted': { args: ['pkey', ...ENCRYPT], label: 'ENCRYPTED PRIVATE KEY', kinds: /./ },
  'PKCS#8, encrypted with scrypt': {
    args: ['pkcs8', '-topk8', '-scrypt', '-passout', `pass:${PASSPHRASE}`],
    label: 'ENCRYPTED PRIVATE KEY',
    kinds: /./,
  },
  'PKCS#1': { args: ['rsa', '-traditional'], label: 'RSA PRIVATE KEY', kinds: /^RSA/ },
  'PKCS#1, encrypted': { args: ['rsa', '-traditional', ...ENCRYPT], label: 'RSA PRIVATE KEY', kinds: /^RSA/ },
  SEC1: { args: ['ec'], label: 'EC PRIVATE KEY', kinds: /^P-/ },
  'SEC1, encrypted': { args: ['ec', ...ENCRYPT], label: 'EC PRIVATE KEY', kinds: /^P-/ },
  'SEC1 with a compressed point': { args: ['ec', '-conv_form', 'compressed'], label: 'EC PRIVATE KEY', kinds: /^P-/ },
  'SEC1 without the point': { args: ['ec', '-no_public'], label: 'EC PRIVATE KEY', kinds: /^P-/ },
};

describe.skipIf(!there)('keys made by openssl (skipped without openssl)', () => {
  describe.each(Object.entries(KINDS))('%s', (kind, pem) => {
    const spki = openssl(pem, 'pkey', '-pubout');
    const formats = Object.entries(FORMATS).filter(([, { kinds }]) => kinds.test(kind));

    test('has a public key that is imported, and exported exactly as openssl writes it', () => {
      expect(PublicKey.from(spki).toPem()).toBe(spki);
      expect(keyErrorCode(() => PrivateKey.from(spki))).toBe('public_key');
    });

    test.each(formats)('has a private key that is imported from %s', (_format, { args, label }) => {
      const text = openssl(pem, ...args);
      const encrypted = args.includes(`pass:${PASSPHRASE}`);
      expect(text).toContain(`-----BEGIN ${label}-----`);
      const key = PrivateKey.from(text, { passphrase: PASSPHRASE });
      expect(key.kid).toBe(PublicKey.from(spki).kid);
      expect(verifies(PublicKey.from(spki), key.alg, Buffer.from('text'), key.sign(Buffer.from('text')))).toBe(true);
      expect(keyErrorCode(() => PrivateKey.from(text))).toBe(encrypted ? 'passphrase_required' : 'accepted');
      if (encrypted) expect(keyErrorCode(() => PrivateKey.from(text, { passphrase: 'no' }))).toBe('wrong_passphrase');
      expect(keyErrorCode(() => PublicKey.from(text))).toBe('private_key');
    });
  });

  test.each(['prime256v1', 'secp384r1', 'secp521r1'])(
    'from ecparam -genkey -name %s are imported even with the block of parameters before them',
    (name) => {
      const text = openssl('', 'ecparam', '-genkey', '-name', name);
      expect(text).toContain('-----BEGIN EC PARAMETERS-----');
      expect(PrivateKey.from(text).kid).toBe(PublicKey.from(openssl(text, 'pkey', '-pubout')).kid);
      expect(PrivateKey.from(text.replaceAll('\n', '\r\n')).kid).toBe(PrivateKey.from(text).kid);
    },
  );

  test('are imported and exported as RSA public keys in PKCS#1', () => {
    const text = openssl(KINDS.RSA, 'rsa', '-RSAPublicKey_out');
    expect(PublicKey.from(text).kid).toBe(PrivateKey.from(KINDS.RSA).kid);
    expect(PublicKey.from(text).toPkcs1Pem()).toBe(text);
  });

  test.each([
    ['Ed448', () => generate('ED448'), 'unsupported'],
    ['X25519', () => generate('X25519'), 'unsupported'],
    ['secp256k1', () => generate('EC', 'ec_paramgen_curve:secp256k1'), 'unsupported'],
    ['a key restricted to RSA-PSS', () => generate('RSA-PSS', 'rsa_keygen_bits:2048'), 'unsupported'],
    ['explicit parameters', () => generate('EC', 'ec_paramgen_curve:P-256', 'ec_param_enc:explicit'), 'unsupported'],
    ['RSA of 1024 bits', () => generate('RSA', 'rsa_keygen_bits:1024'), 'weak_key'],
    ['RSA with e = 3', () => generate('RSA', 'rsa_keygen_bits:2048', 'rsa_keygen_pubexp:3'), 'weak_key'],
  ])('%s is refused, as a private and as a public key', (_what, make, code) => {
    const text = make();
    const spki = openssl(text, 'pkey', '-pubout');
    expect({
      private: keyErrorCode(() => PrivateKey.from(text)),
      public: keyErrorCode(() => PublicKey.from(spki)),
    }).toEqual({ private: code, public: code });
  });

  test('are refused if they are RSA keys with three primes', () => {
    const text = generate('RSA', 'rsa_keygen_bits:2048', 'rsa_keygen_primes:3');
    expect(keyErrorCode(() => PrivateKey.from(text))).toBe('unsupported');
  });

  test('openssl reads our encrypted private key', async () => {
    const key = await PrivateKey.generate();
    const spki = openssl(key.toPem(PASSPHRASE), 'pkey', '-passin', `pass:${PASSPHRASE}`, '-pubout');
    expect(spki).toBe(key.publicKey.toPem());
  });
});
