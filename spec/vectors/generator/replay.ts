/** The replay rule: step 7, and requests that must be refused before it. */
import { accepted, malformed, refused, scenario, userWith, type Vector } from './scenario.ts';
import { base64url, claimsOf, jwt, keyNamed, NOW, signed, signedJwt } from './sign.ts';

const { kid } = keyNamed('ed25519-1');
const good = signed(claimsOf('a'));
const p256 = signed(claimsOf('a'), 'p256');
const accepts = (nonce: string | number, what: string) => accepted(signedJwt(claimsOf(nonce)), what);
const replays = (nonce: string | number, what: string) => refused('replayed', signedJwt(claimsOf(nonce)), what);
/** Makes a payload with this text as nonce. */
const withNonce = (text: string) => signedJwt(`{"username":"alice","time":${NOW},"nonce":${text}}`);

/** The order of P-256 (SEC 2 §2.4.2). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Makes the other signature of the same message: (r, n - s). */
function twin(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  const s = N - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  return base64url(Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]));
}

export const REPLAY: readonly Vector[] = [
  scenario('replay-same-token', 'A token is accepted once.', [
    accepted(jwt(good), 'first'),
    refused('replayed', jwt(good), 'again'),
    refused('replayed', jwt(good), { what: 'at the end of its time', now: NOW + 20 }),
    refused('stale', jwt(good), { what: 'after it', now: NOW + 21 }),
    refused('replayed', jwt(good), { what: 'for another request', method: 'DELETE', target: '/v2' }),
  ]),
  scenario('replay-re-encoded', 'The claims are used up, not the text of the token.', [
    accepted(jwt(good), 'first'),
    refused(
      'replayed',
      signedJwt(`{ "nonce":"a", "time":${NOW}, "username":"alice" }`),
      'another order and other white space',
    ),
    refused('replayed', signedJwt(`{"username":"alice","time":${NOW},"nonce":"\\u0061"}`), 'an escape'),
    refused(
      'replayed',
      signedJwt(`{"username":"alice","time":${NOW}.0,"nonce":"a"}`),
      'the time with a fraction of zero',
    ),
    refused(
      'replayed',
      signedJwt(`{"username":"alice","time":${NOW / 1e9}e9,"nonce":"a"}`),
      'the time with an exponent',
    ),
    refused('replayed', signedJwt(claimsOf('a', { more: 1 })), 'one more claim'),
    refused('replayed', signedJwt(claimsOf('a'), 'ed25519-1', { alg: 'Ed25519', kid }), 'another header'),
    refused('replayed', jwt(good).replace('JWT', 'jwt'), 'the scheme in another case'),
  ]),
  scenario(
    'replay-ecdsa-twin',
    'Every ECDSA signature (r, s) has a twin (r, n - s) that verifies too; both make the same token.',
    [accepted(jwt(p256), 'first'), refused('replayed', jwt({ ...p256, signature: twin(p256.signature) }), 'the twin')],
    { users: [userWith('alice', 'p256')] },
  ),
  scenario(
    'replay-ecdsa-twin-first',
    'The twin is a good signature, and uses up the token too.',
    [
      accepted(jwt({ ...p256, signature: twin(p256.signature) }), 'the twin'),
      refused('replayed', jwt(p256), 'the unchanged token'),
    ],
    { users: [userWith('alice', 'p256')] },
  ),
  scenario(
    'replay-other-key',
    'The key does not matter: the same claims signed with another key of the user are a replay.',
    [accepted(jwt(good), 'the first key'), refused('replayed', signedJwt(claimsOf('a'), 'ed25519-2'), 'the second')],
    { users: [userWith('alice', 'ed25519-1', 'ed25519-2')] },
  ),
  scenario(
    'replay-other-user',
    'Two users may use the same nonce at the same time.',
    [
      accepted(jwt(good), 'alice'),
      accepted(signedJwt({ username: 'bob', time: NOW, nonce: 'a' }, 'ed25519-2'), 'bob', 'bob'),
    ],
    { users: [userWith('alice', 'ed25519-1'), userWith('bob', 'ed25519-2')] },
  ),
  scenario('replay-other-time', 'The same nonce at two times makes two tokens.', [
    accepted(jwt(good), 'first'),
    accepted(signedJwt(claimsOf('a', { time: NOW + 1 })), 'a second later'),
    accepted(signedJwt(claimsOf('a', { time: NOW + 0.5 })), 'half a second later'),
    refused('replayed', signedJwt(claimsOf('a', { time: NOW + 0.5 })), 'it again'),
  ]),
  scenario(
    'replay-nonce-types',
    'The type is part of a nonce; equal numbers are the same nonce, however they are written.',
    [
      accepts(7, 'the number 7'),
      accepts('7', 'the string "7"'),
      replays(7, '7 again'),
      replays('7', '"7" again'),
      refused('replayed', withNonce('7.0'), '7.0'),
      refused('replayed', withNonce('70e-1'), '70e-1'),
      accepts(0, '0'),
      refused('replayed', withNonce('-0'), '-0'),
      accepted(withNonce('9007199254740992'), '2^53'),
      refused('replayed', withNonce('9007199254740993'), '2^53 + 1, the same binary64 number'),
    ],
  ),
  scenario(
    'replay-nonce-texts',
    'Nonces are compared byte for byte, and no part of a nonce can be mistaken for another claim.',
    [
      accepts(`a:b:${NOW}`, 'colons'),
      accepts('a\r\nb', 'line ends'),
      accepts('a\u0000b', 'NUL'),
      accepts('a', 'what comes before it'),
      accepts('a\u0000', 'with NUL at its end'),
      accepts('a ', 'with a space at its end'),
      accepts('A', 'in upper case'),
      accepts('\u00e9', 'a composed letter'),
      accepts('e\u0301', 'a decomposed letter'),
      replays('a\u0000b', 'NUL again'),
      replays('\u00e9', 'the composed letter again'),
    ],
  ),
  scenario('replay-refused-spends-nothing', 'A request that is refused before step 7 does not use up the nonce.', [
    refused(
      'bad_signature',
      jwt({ ...good, signature: base64url(Buffer.alloc(64)) }),
      'a forgery with the same claims',
    ),
    refused('stale', jwt(good), { what: 'too late', now: NOW + 21 }),
    refused('from_the_future', jwt(good), { what: 'too early', now: NOW - 21 }),
    refused('wrong_audience', signedJwt(claimsOf('a', { aud: 'x' })), 'for another audience'),
    malformed('bind', signedJwt(claimsOf('a', { bind: { v: 2 } })), 'with a bind of another version'),
    accepted(jwt(good), 'the token itself'),
  ]),
  scenario(
    'replay-forgotten',
    'If the clock goes back, forgotten tokens are still refused. A store that still has the record may return replayed.',
    [
      accepted(jwt(good), 'first'),
      accepted(signedJwt(claimsOf('b', { time: NOW + 100 })), {
        what: 'long after the window of the first has closed, so the store forgets it',
        now: NOW + 100,
      }),
      refused('forgotten', jwt(good), 'the first again, after the clock has gone back'),
    ],
  ),
  scenario(
    'replay-rate-limited',
    'Each user has a maximum number of claims a second; a refused token is not used up, and other users are not affected.',
    [
      accepts('a', 'the first in this second'),
      accepts('b', 'the second'),
      refused('rate_limited', signedJwt(claimsOf('c')), 'the third'),
      replays('a', 'a replay is still reported as a replay'),
      accepted(signedJwt({ username: 'bob', time: NOW, nonce: 'c' }, 'ed25519-2'), 'another user', 'bob'),
      accepted(signedJwt(claimsOf('c')), { what: 'the third, a second later', now: NOW + 1 }),
    ],
    { server: { perUser: 2 }, users: [userWith('alice', 'ed25519-1'), userWith('bob', 'ed25519-2')] },
  ),
];
