/** Users, keys and signatures: steps 3 and 4. */
import { COFACTORED, HIGH_S, original, SMALL_R } from './ed25519.ts';
import { accepted, refused, scenario, userWith, type Vector } from './scenario.ts';
import { base64url, claimsOf, headerOf, jwt, keyNamed, NOW, signed, signedJwt } from './sign.ts';

const good = signed(claimsOf('a'));
const withoutKid = (nonce: string, key: string) => signedJwt(claimsOf(nonce), key, { alg: 'EdDSA', typ: 'JWT' });
const withKid = (nonce: string, kid: string, key = 'ed25519-1') =>
  signedJwt(claimsOf(nonce), key, { alg: 'EdDSA', typ: 'JWT', kid });
const aliceWith = (...states: ('active' | 'staged' | 'expired' | 'retired' | 'revoked')[]) => ({
  users: [{ username: 'alice', keys: states.map((state, index) => ({ key: `ed25519-${index + 1}`, state })) }],
});
const fromUser = (username: string) => signedJwt({ username, time: NOW, nonce: 'a' });

/** The order of the Ed25519 group (RFC 8032 §5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Adds L to S: a verifier that does not check the range accepts the result too (RFC 8032 §8.4). */
function withLargeS(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + L;
  const large = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  return base64url(Buffer.concat([bytes.subarray(0, 32), large]));
}

function withFirstBitFlipped(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  bytes[0] = (bytes[0] as number) ^ 0x80;
  return base64url(bytes);
}

export const KEYS: readonly Vector[] = [
  scenario('user-unknown', 'Usernames are compared byte for byte, without folding or normalisation.', [
    ...[
      'bob',
      'Alice',
      'alice2',
      '\u0430lice',
      'ali\u0063\u0301e',
      '*',
      '../alice',
      "alice' OR 1=1 --",
      'alice,bob',
      '__proto__',
      'constructor',
    ].map((username) => refused('unknown_user', fromUser(username), username)),
  ]),
  scenario(
    'user-composed',
    'A composed and a decomposed letter make different usernames.',
    [
      refused('unknown_user', signedJwt({ username: 'e\u0301', time: NOW, nonce: 'a' }), 'decomposed'),
      accepted(signedJwt({ username: '\u00e9', time: NOW, nonce: 'a' }), 'composed', '\u00e9'),
    ],
    { users: [userWith('\u00e9', 'ed25519-1')] },
  ),
  scenario(
    'user-disabled',
    'A disabled user is refused, whatever key signed.',
    [
      refused('user_disabled', jwt(good), 'its own key'),
      refused('user_disabled', signedJwt(claimsOf('b'), 'ed25519-2'), 'another key'),
    ],
    { users: [{ ...userWith('alice', 'ed25519-1'), disabled: true }] },
  ),
  scenario('user-without-keys', 'A user without keys is refused.', [refused('unknown_key', jwt(good))], {
    users: [userWith('alice')],
  }),
  scenario(
    'key-of-another-user',
    'A key can sign for its own user only.',
    [
      refused('unknown_key', signedJwt(claimsOf('a'), 'ed25519-2'), 'bob’s key and its kid, for alice'),
      refused('bad_signature', withoutKid('a', 'ed25519-2'), 'bob’s key without kid, for alice'),
      accepted(signedJwt({ username: 'bob', time: NOW, nonce: 'a' }, 'ed25519-2'), 'bob’s key, for bob', 'bob'),
    ],
    { users: [userWith('alice', 'ed25519-1'), userWith('bob', 'ed25519-2')] },
  ),
  scenario(
    'key-two',
    'With two keys, either may sign, with and without kid; only usable keys are tried.',
    [
      accepted(signedJwt(claimsOf('a'), 'ed25519-1'), 'the first, with kid'),
      accepted(signedJwt(claimsOf('b'), 'ed25519-2'), 'the second, with kid'),
      accepted(withoutKid('c', 'ed25519-1'), 'the first, without'),
      accepted(withoutKid('d', 'ed25519-2'), 'the second, without'),
      refused('unknown_key', signedJwt(claimsOf('e'), 'ed25519-3'), 'a third, with kid'),
      refused('bad_signature', withoutKid('f', 'ed25519-3'), 'a third, without'),
    ],
    aliceWith('active', 'active'),
  ),
  scenario(
    'key-kid',
    'A kid of 64 hex digits in any case selects a key; any other kid is ignored, and all keys are tried.',
    [
      accepted(withKid('a', keyNamed('ed25519-2').kid.toUpperCase(), 'ed25519-2'), 'upper case'),
      ...[
        'nope',
        "' UNION SELECT 'x'--",
        'a\u0000',
        '__proto__',
        'http://127.0.0.1/',
        '../../etc/hosts',
        '0'.repeat(63),
      ].map((kid, index) => accepted(withKid(`k${index}`, kid, 'ed25519-2'), JSON.stringify(kid))),
      refused('unknown_key', withKid('b', '0'.repeat(64)), '64 hex digits that match no key'),
      refused('bad_signature', withKid('c', keyNamed('ed25519-1').kid, 'ed25519-2'), 'the kid of the other key'),
    ],
    aliceWith('active', 'active'),
  ),
  scenario(
    'key-four-tries',
    'Without kid, at most four keys are tried, in the order of the user’s keys; with kid, any of them is found.',
    [
      accepted(withoutKid('a', 'ed25519-4'), 'the fourth, without kid'),
      refused('bad_signature', withoutKid('b', 'ed25519-5'), 'the fifth, without kid'),
      accepted(signedJwt(claimsOf('b'), 'ed25519-5'), 'the fifth, with kid'),
    ],
    aliceWith('active', 'active', 'active', 'active', 'active'),
  ),
  scenario(
    'key-staged',
    'A staged key is usable along with the active key that it will replace.',
    [
      accepted(signedJwt(claimsOf('a'), 'ed25519-1'), 'active'),
      accepted(signedJwt(claimsOf('b'), 'ed25519-2'), 'staged'),
    ],
    aliceWith('active', 'staged'),
  ),
  scenario(
    'key-expired',
    'An expired key is refused.',
    [refused('key_expired', jwt(good), 'with kid'), refused('key_expired', withoutKid('a', 'ed25519-1'), 'without')],
    aliceWith('expired'),
  ),
  scenario(
    'key-retired',
    'A retired key is refused.',
    [refused('key_retired', jwt(good), 'with kid'), refused('key_retired', withoutKid('a', 'ed25519-1'), 'without')],
    aliceWith('retired'),
  ),
  scenario(
    'key-revoked',
    'A revoked key is refused.',
    [refused('key_revoked', jwt(good), 'with kid'), refused('key_revoked', withoutKid('a', 'ed25519-1'), 'without')],
    aliceWith('revoked'),
  ),
  scenario(
    'key-revoked-beside-others',
    'The reason gives the state of a key only if no usable key may have signed; revoked comes before expired.',
    [
      refused('key_revoked', signedJwt(claimsOf('a'), 'ed25519-2'), 'the revoked key, with kid'),
      refused('key_expired', signedJwt(claimsOf('a'), 'ed25519-3'), 'the expired key, with kid'),
      refused('bad_signature', withoutKid('a', 'ed25519-2'), 'the revoked key, without kid: the active one is tried'),
      accepted(jwt(good), 'the active key'),
    ],
    aliceWith('active', 'revoked', 'expired'),
  ),
  scenario(
    'key-revoked-and-expired',
    'If all keys that may have signed are unusable, revoked comes before expired.',
    [refused('key_revoked', withoutKid('a', 'ed25519-1'))],
    aliceWith('expired', 'revoked'),
  ),
  scenario(
    'key-decides-alg',
    'The registered key decides the algorithm; the header must agree.',
    [
      refused(
        'unknown_key',
        signedJwt(claimsOf('a'), 'rsa2048', headerOf('rsa2048', 'PS256'), 'PS256'),
        'PS256 with an RSA key that is not registered for it',
      ),
      refused(
        'bad_signature',
        signedJwt(claimsOf('a'), 'rsa2048', headerOf('rsa2048', 'RS256'), 'RS512'),
        'an RS512 signature with alg RS256',
      ),
      refused(
        'unknown_key',
        signedJwt(claimsOf('a'), 'ed25519-1', { alg: 'ES256' }),
        'an EdDSA signature with alg ES256',
      ),
    ],
    { users: [userWith('alice', 'rsa2048', 'ed25519-1')] },
  ),
  scenario(
    'key-registered-alg',
    'A key that is registered for one algorithm accepts no other.',
    [
      refused('unknown_key', signedJwt(claimsOf('a'), 'rsa2048', headerOf('rsa2048', 'RS512'), 'RS512'), 'RS512'),
      refused('unknown_key', signedJwt(claimsOf('a'), 'rsa2048', headerOf('rsa2048', 'PS256'), 'PS256'), 'PS256'),
      accepted(signedJwt(claimsOf('a'), 'rsa2048', headerOf('rsa2048', 'RS256'), 'RS256'), 'RS256'),
    ],
    { users: [{ username: 'alice', keys: [{ key: 'rsa2048', state: 'active', alg: 'RS256' }] }] },
  ),
  scenario('signature-wrong', 'A change to the signed text or the signature is refused.', [
    refused('bad_signature', jwt({ ...good, payload: base64url(claimsOf('b')) }), 'the payload of another token'),
    refused(
      'bad_signature',
      jwt({ ...good, header: base64url({ kid: keyNamed('ed25519-1').kid, alg: 'EdDSA' }) }),
      'another header',
    ),
    refused('bad_signature', jwt({ ...good, signature: withFirstBitFlipped(good.signature) }), 'a flipped bit'),
    refused('bad_signature', jwt({ ...good, signature: base64url(Buffer.alloc(64)) }), 'zeros'),
    refused('bad_signature', jwt({ ...good, signature: withLargeS(good.signature) }), 'S plus the order of the group'),
    refused(
      'bad_signature',
      withKid('a', keyNamed('ed25519-1').kid, 'ed25519-6'),
      'a stranger’s key with the user’s kid',
    ),
    accepted(jwt(good), 'the unchanged token: the refusals did not use it up'),
  ]),
  scenario(
    'signature-edge-numbers',
    'Signatures with numbers out of range are refused like any other wrong signature.',
    [
      refused(
        'bad_signature',
        jwt({ ...signed(claimsOf('a'), 'p256'), signature: base64url(Buffer.alloc(64)) }),
        'ES256 with r = s = 0',
      ),
      refused(
        'bad_signature',
        jwt({ ...signed(claimsOf('a'), 'p256'), signature: base64url(Buffer.alloc(64, 0xff)) }),
        'ES256 with r and s above the order',
      ),
      refused(
        'bad_signature',
        jwt({ ...signed(claimsOf('a'), 'rsa2048'), signature: base64url(Buffer.alloc(256, 0xff)) }),
        'RSA above the modulus',
      ),
      refused(
        'bad_signature',
        jwt({ ...signed(claimsOf('a'), 'rsa2048'), signature: base64url(Buffer.alloc(256)) }),
        'RSA zero',
      ),
    ],
    { users: [userWith('alice', 'p256', 'rsa2048')] },
  ),
  scenario(
    'signature-ed25519',
    'Ed25519 signatures that only some crypto libraries accept are refused by every implementation (§1.4.1).',
    [
      ...SMALL_R.map(([hex, parts]) => refused('bad_signature', jwt(parts), `R of small order, ${hex}`)),
      ...HIGH_S.map((parts) => refused('bad_signature', jwt(parts), 'S not below the order')),
      refused('bad_signature', jwt(COFACTORED), 'the equation holds only with the cofactor'),
      accepted(jwt(original), 'the unchanged token'),
    ],
  ),
];
