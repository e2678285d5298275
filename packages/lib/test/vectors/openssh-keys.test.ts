/** OpenSSH's own test keys: their fingerprints as printed by `ssh-keygen -l`, and types of keys that cannot sign tokens. */

import { listVectors, readVectorText } from 'ajwt-testkit/vectors';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { PublicKey } from '../../src/index.ts';
import { sshFingerprint } from '../../src/keys/fingerprint.ts';
import { parsePublicLine } from '../../src/keys/openssh.ts';

const read = (name: string) => readVectorText(`openssh-keys/${name}`).trim();
const files = listVectors('openssh-keys').filter((name) => name.endsWith('.pub'));
const withFingerprint = listVectors('openssh-keys').filter((name) => name.endsWith('.fp'));

/** The expected outcome of importing each key. */
const EXPECTED: Readonly<Record<string, { readonly code: string; readonly bits?: number; readonly comment?: string }>> =
  {
    'ecdsa_1.pub': { code: 'accepted', bits: 256, comment: 'ECDSA test key #1' },
    'ecdsa_2.pub': { code: 'accepted', bits: 521, comment: 'ECDSA test key #2' },
    'ed25519_1.pub': { code: 'accepted', bits: 256, comment: 'ED25519 test key #1' },
    'ed25519_2.pub': { code: 'accepted', bits: 256, comment: 'ED25519 test key #1' },
    'rsa_2.pub': { code: 'accepted', bits: 2048, comment: 'RSA test key #2' },
    // 1024 bits.
    'rsa_1.pub': { code: 'weak_key' },
    'ecdsa_1-cert.pub': { code: 'unsupported' },
    'ecdsa_sk1-cert.pub': { code: 'unsupported' },
    'ecdsa_sk1.pub': { code: 'unsupported' },
    'ed25519_1-cert.pub': { code: 'unsupported' },
    'ed25519_sk1-cert.pub': { code: 'unsupported' },
    'ed25519_sk1.pub': { code: 'unsupported' },
    'mldsa44_ed25519_1.pub': { code: 'unsupported' },
    'rsa_1-cert.pub': { code: 'unsupported' },
  };

describe('public keys of OpenSSH', () => {
  test('every file has an expected outcome', () => {
    expect(files).toEqual(Object.keys(EXPECTED).sort());
  });

  test.each(files)('%s', (name) => {
    const { code, bits, comment } = EXPECTED[name] as { code: string; bits?: number; comment?: string };
    expect(keyErrorCode(() => PublicKey.from(read(name)))).toBe(code);
    if (code !== 'accepted') return;
    const key = PublicKey.from(read(name));
    expect({ bits: key.bits, comment: key.comment }).toEqual({ bits, comment });
    expect(key.toOpenSsh()).toBe(read(name));
  });

  test.each(withFingerprint)('%s has its fingerprint', (name) => {
    const line = read(name.replace(/\.fp$/, '.pub'));
    expect(sshFingerprint(parsePublicLine(line).blob)).toBe(read(name));
    if (keyErrorCode(() => PublicKey.from(line)) === 'accepted') {
      expect(PublicKey.from(line).fingerprint).toBe(read(name));
    }
  });
});
