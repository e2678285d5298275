/** Good tokens, each with one special property. */
import { accepted, scenario, userWith, type Vector } from './scenario.ts';
import { claimsOf, headerOf, keyNamed, NOW, signedJwt } from './sign.ts';

const RSA = { users: [userWith('alice', 'rsa2048')] };
const { kid } = keyNamed('ed25519-1');

/** Makes JSON of an exact length in bytes, with a member `pad`. */
export function padded(content: object, bytes: number): string {
  const empty = JSON.stringify({ ...content, pad: '' });
  return JSON.stringify({ ...content, pad: 'x'.repeat(bytes - empty.length) });
}

export const ACCEPT: readonly Vector[] = [
  scenario(
    'accept-ed25519',
    'An Ed25519 key accepts EdDSA (RFC 8037) and Ed25519 (RFC 9864), which are the same algorithm.',
    [
      accepted(signedJwt(claimsOf('a')), 'EdDSA'),
      accepted(signedJwt(claimsOf('b'), 'ed25519-1', headerOf('ed25519-1', 'Ed25519')), 'Ed25519'),
    ],
  ),
  scenario(
    'accept-rsa',
    'An RSA key accepts RS512, RS384 and RS256.',
    ['RS512', 'RS384', 'RS256'].map((alg) =>
      accepted(signedJwt(claimsOf(alg), 'rsa2048', headerOf('rsa2048', alg), alg), alg),
    ),
    RSA,
  ),
  scenario(
    'accept-rsa-pss',
    'An RSA key that is registered for PS256 accepts PS256.',
    [accepted(signedJwt(claimsOf('a'), 'rsa2048', headerOf('rsa2048', 'PS256'), 'PS256'))],
    { users: [{ username: 'alice', keys: [{ key: 'rsa2048', state: 'active', alg: 'PS256' }] }] },
  ),
  scenario(
    'accept-ecdsa',
    'Each curve has one algorithm; the signature is r and s with a fixed length.',
    ['p256', 'p384', 'p521'].map((key) => accepted(signedJwt(claimsOf(key), key), key)),
    { users: [userWith('alice', 'p256', 'p384', 'p521')] },
  ),
  scenario(
    'accept-python-0.3.1',
    'Version 0.3.1 of the Python package sends RS512 without kid, and fractional numbers as time and nonce.',
    [
      accepted(
        signedJwt(
          `{"username":"alice","time":${NOW}.123457,"nonce":0.8444218515250481}`,
          'rsa2048',
          '{"typ":"JWT","alg":"RS512"}',
        ),
      ),
    ],
    RSA,
  ),
  scenario(
    'accept-python-1.x',
    'Later versions of the Python package send RS512 with kid, an integer as time and a string as nonce.',
    [
      accepted(
        signedJwt(
          `{"username":"alice","time":${NOW},"nonce":"2b0f04cb6fd54ca0bd1a2fb4a93a4f3a"}`,
          'rsa2048',
          `{"alg":"RS512","kid":"${keyNamed('rsa2048').kid}","typ":"JWT"}`,
        ),
      ),
    ],
    RSA,
  ),
  scenario('accept-scheme', 'The scheme is case-insensitive; one or more spaces come before the token.', [
    accepted(signedJwt(claimsOf('a')).replace('JWT', 'jwt'), 'lower case'),
    accepted(signedJwt(claimsOf('b')).replace('JWT', 'Jwt'), 'mixed case'),
    accepted(signedJwt(claimsOf('c')).replace(' ', '  '), 'two spaces'),
  ]),
  scenario('accept-typ', 'typ is absent, or JWT in any case.', [
    accepted(signedJwt(claimsOf('a'), 'ed25519-1', { alg: 'EdDSA', kid }), 'absent'),
    accepted(signedJwt(claimsOf('b'), 'ed25519-1', { alg: 'EdDSA', typ: 'jwt', kid }), 'lower case'),
  ]),
  scenario('accept-other-headers', 'Headers that name or contain a key are ignored, and nothing is fetched.', [
    accepted(
      signedJwt(claimsOf('a'), 'ed25519-1', {
        alg: 'EdDSA',
        jwk: { kty: 'oct', k: 'AA' },
        jku: 'https://keys.example/jwks.json',
        x5u: 'https://keys.example/cert.pem',
        x5c: ['MIIB'],
        cty: 'json',
      }),
    ),
  ]),
  scenario('accept-json', 'The JSON of a token may be written in any unambiguous way.', [
    accepted(signedJwt(`{ "username" : "alice" ,\n"time": ${NOW} ,\t"nonce":"a" }\r\n`), 'white space'),
    accepted(signedJwt(`{"user\\u006eame":"\\u0061lice","time":${NOW},"nonce":"b"}`), 'escapes'),
    accepted(signedJwt(`{"nonce":"c","time":${NOW},"username":"alice"}`), 'another order'),
    accepted(signedJwt(claimsOf('d', { foo: { a: [1, null], username: 'bob' } })), 'an unknown claim with members'),
    accepted(
      signedJwt(`{"__proto__":{"username":"bob"},"username":"alice","time":${NOW},"nonce":"e","toString":1}`),
      'odd names',
    ),
  ]),
  scenario(
    'accept-usernames',
    'A username is any well-formed string of 1 to 600 bytes without control characters or outer white space, compared exactly.',
    ['Жук', 'a b', 'é'.repeat(300), '😀', "o'neill", '__proto__'].map((username, index) =>
      accepted(
        signedJwt({ username, time: NOW, nonce: 'n' }, `ed25519-${index + 1}`),
        username.length > 20 ? '600 bytes' : username,
        username,
      ),
    ),
    {
      users: ['Жук', 'a b', 'é'.repeat(300), '😀', "o'neill", '__proto__'].map((username, index) =>
        userWith(username, `ed25519-${index + 1}`),
      ),
    },
  ),
  scenario('accept-limits', 'Values of exactly the maximum size are accepted.', [
    accepted(signedJwt(claimsOf('a'), 'ed25519-1', padded({ alg: 'EdDSA' }, 2048)), 'a header of 2048 bytes'),
    accepted(signedJwt(padded(claimsOf('b'), 4096)), 'a payload of 4096 bytes'),
    accepted(
      signedJwt(padded(claimsOf('c'), 4096), 'ed25519-1', padded({ alg: 'EdDSA' }, 1981)),
      'a token of 8192 characters',
    ),
    accepted(signedJwt(claimsOf('d'), 'ed25519-1', { alg: 'EdDSA', kid: 'é'.repeat(128) }), 'a kid of 256 bytes'),
    accepted(signedJwt(claimsOf('n'.repeat(255))), 'a nonce of 255 bytes'),
  ]),
];
