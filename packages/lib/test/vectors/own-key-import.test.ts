/** Texts that are given where a public key belongs: the good ones keep their names in every format, the others have one code each. */
import { describe, expect, test } from 'vitest';
import { KeyError, PublicKey } from '../../src/index.ts';
import { readVectors } from '../helpers/vectors.ts';
import { keyErrorCode } from '../helpers/verify.ts';

interface Case {
  readonly id: string;
  readonly input: string;
  readonly expect: string;
}

const MIB = 2 ** 20;
const REPEATED = / \.\.\. \(test harness repeats to 1 MiB\)$/;
const cases = readVectors<{ cases: Case[] }>('own/key_import.json').cases.map(({ id, input, expect }) => {
  const text = input.replaceAll('{PRIVATE} KEY', 'PRIVATE KEY');
  const whole = REPEATED.test(text) ? text.replace(REPEATED, '').repeat(MIB).slice(0, MIB) : text;
  return { id, text: whole, expect };
});
const textOf = (id: string) => cases.find((one) => one.id === id)?.text ?? '';

/** Our choice, where the vectors leave one. */
const CHOICES: Readonly<Record<string, string>> = {
  'accept-if-jwk-supported': 'accepted',
  // White space around a key is dropped, and JavaScript counts U+FEFF as such.
  'accept-trimmed-or-reject': 'accepted',
  'reject weak_key-or-documented': 'weak_key',
  'reject malformed (single-key import)': 'malformed',
  'reject-or-sanitise': 'malformed',
  'same-fingerprint-as ok-ed25519-pem': 'accepted',
};
const expectedOf = (text: string) => CHOICES[text] ?? (text === 'accept' ? 'accepted' : text.replace('reject ', ''));

/** Words that messages may have in common with an input. */
const WORDS = [
  ...['RSA PUBLIC KEY', 'EC PRIVATE KEY', 'PUBLIC KEY', 'PRIVATE KEY', 'SSH2 PUBLIC KEY'],
  ...[
    'ssh-ed25519-cert-v01@openssh.com',
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
  ],
];
const RUN = 12;

/** The first run of 12 characters of the input that the message repeats. */
function echoed(message: string, input: string): string | undefined {
  const unknown = WORDS.reduce((text, word) => text.replaceAll(word, '\n'), message);
  for (let at = 0; at + RUN <= unknown.length; at++) {
    const run = unknown.slice(at, at + RUN);
    if (!run.includes('\n') && input.includes(run)) return run;
  }
  return undefined;
}

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
  test.each(cases)('$id: $expect', ({ text, expect: wanted }) => {
    expect(keyErrorCode(() => PublicKey.from(text))).toBe(expectedOf(wanted));
    expect(
      echoed(
        messageOf(() => PublicKey.from(text)),
        text,
      ),
    ).toBeUndefined();
  });

  test.each(cases.filter((one) => expectedOf(one.expect) === 'accepted'))(
    '$id goes by the same names in every format',
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
  ])('%s and %s are one key', (one, other) => {
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
    ['a PEM label that ends otherwise', `-----BEGIN ${secret}-----\nAAAA\n-----END PUBLIC KEY-----`],
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
