import { describe, expect, test } from 'vitest';
import { createToken } from '../../src/client.ts';
import { Refusal } from '../../src/core/reasons.ts';
import { parseToken } from '../../src/core/token.ts';
import { PrivateKey } from '../../src/index.ts';

const key = await PrivateKey.generate('ed25519');
const token = await createToken({ username: 'alice', key });
const [header = '', payload = '', signature = ''] = token.split('.');

describe('parseToken', () => {
  test('reads the parts of a token without verifying them', () => {
    const parsed = parseToken(token);
    expect(parsed).toMatchObject({
      algorithm: { name: 'EdDSA' },
      kid: key.publicKey.kid,
      claims: { username: 'alice' },
      signingInput: `${header}.${payload}`,
    });
    expect(Buffer.from((parsed as { signature: Uint8Array }).signature).toString('base64url')).toBe(signature);
  });

  test.each([
    ['an empty string', '', 'no_token'],
    ['two segments', `${header}.${payload}`, 'not_a_token'],
    ['an empty payload', `${header}..${signature}`, 'not_a_token'],
    ['an empty signature', `${header}.${payload}.`, 'not_a_token'],
    ['four segments', `${token}.${signature}`, 'not_a_token'],
    ['two tokens in one header', `${token}, ${token}`, 'header_repeated'],
    ['a token in quotes', `"${token}"`, 'not_a_token'],
    ['base64 instead of base64url', `${header}.${payload}.${'+'.repeat(86)}`, 'not_base64url'],
    ['a signature that is too short', `${header}.${payload}.${signature.slice(0, 84)}`, 'signature_length'],
    ['a token that is too long', `${header}.${payload}.${'A'.repeat(8192)}`, 'too_long'],
  ])('refuses %s', (_what, text, detail) => {
    const refusal = parseToken(text);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ reason: 'malformed', detail });
  });
});
