/** Texts imported as a public key: valid keys have the same kid in every format, and any other text has one error code. */
import { keyErrorCode } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { KeyError, PublicKey } from '../../src/index.ts';
import { echoed, KEY_IMPORT_CASES, MORE_KEY_TEXTS } from './key-import-cases.ts';

const textOf = (id: string) => KEY_IMPORT_CASES.find((one) => one.id === id)?.text ?? '';

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof KeyError) return `${error.message}\n${error.stack?.split('\n')[0]}`;
    throw error;
  }
  return '';
}

describe('importing a public key from a text', () => {
  test.each([...KEY_IMPORT_CASES, ...MORE_KEY_TEXTS])('$id: $outcome', ({ text, outcome }) => {
    expect(keyErrorCode(() => PublicKey.from(text))).toBe(outcome);
    expect(
      echoed(
        messageOf(() => PublicKey.from(text)),
        text,
      ),
    ).toBeUndefined();
  });

  test.each(KEY_IMPORT_CASES.filter(({ outcome }) => outcome === 'accepted'))(
    '$id has the same kid and fingerprint in every format',
    ({ text }) => {
      const key = PublicKey.from(text);
      const formats = [key.toPem(), key.toOpenSsh(), JSON.stringify(key.toJwk()), JSON.stringify(key), key.toJwk()];
      for (const format of [...formats, key.handle, ...(key.type === 'rsa' ? [key.toPkcs1Pem()] : [])]) {
        const { kid, thumbprint, fingerprint } = PublicKey.from(format);
        expect({ kid, thumbprint, fingerprint }).toEqual({
          kid: key.kid,
          thumbprint: key.thumbprint,
          fingerprint: key.fingerprint,
        });
      }
      expect(PublicKey.from(key.toPem()).toPem()).toBe(key.toPem());
    },
  );

  test.each([
    ['ok-ed25519-pem', 'dup-ed25519-ssh-of-pem'],
    ['ok-ed25519-pem', 'ok-ed25519-pem-crlf'],
    ['ok-ed25519-pem', 'ok-ed25519-jwk'],
    ['ok-ed25519-pem', 'ok-trailing-newlines'],
    ['ok-ed25519-pem', 'bom'],
    ['ok-rsa-pem', 'ok-rsa-pkcs1-pem'],
    ['ok-rsa-pem', 'ok-rsa-ssh'],
    ['ok-p256-pem', 'ok-p256-ssh'],
  ])('%s and %s are the same key', (one, other) => {
    expect(PublicKey.from(textOf(other)).kid).toBe(PublicKey.from(textOf(one)).kid);
  });

  test.each([
    ['ok-ed25519-ssh', 'test@host'],
    ['ok-ed25519-ssh-nocomment', undefined],
    ['ok-ed25519-ssh-comment-spaces', 'test@host with spaces'],
    ['ok-ed25519-pem', undefined],
  ])('%s has the comment %j', (id, comment) => {
    expect(PublicKey.from(textOf(id)).comment).toBe(comment);
  });

  const secret = 'DEADBEEF0123456789'.repeat(20);
  test.each([
    ['a PEM label', `-----BEGIN ${secret}-----\nAAAA\n-----END ${secret}-----`],
    ['a PEM label with a different end', `-----BEGIN ${secret}-----\nAAAA\n-----END PUBLIC KEY-----`],
    ['the type of an OpenSSH line', `ssh-${secret.toLowerCase()} AAAA`],
    ['the type of an OpenSSH certificate', `ssh-${secret.toLowerCase()}-cert-v01@openssh.com AAAA`],
    ['the comment of an OpenSSH line', `${textOf('ok-ed25519-ssh-nocomment')} ${secret}\u0007`],
    ['the kty of a JWK', JSON.stringify({ kty: secret })],
    ['the crv of a JWK', JSON.stringify({ kty: 'OKP', crv: secret, x: secret })],
    ['the alg of a JWK', JSON.stringify({ ...JSON.parse(textOf('ok-ed25519-jwk')), alg: secret })],
  ])('%s is not repeated in the error', (_what, text) => {
    expect(
      echoed(
        messageOf(() => PublicKey.from(text)),
        text,
      ),
    ).toBeUndefined();
    expect(messageOf(() => PublicKey.from(text))).not.toBe('');
  });
});
