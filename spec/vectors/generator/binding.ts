/** Audience and request binding: steps 6 and 8. */
import { createHash } from 'node:crypto';
import { accepted, refused, scenario, userWith, type Vector } from './scenario.ts';
import { claimsOf, signedJwt } from './sign.ts';

const AUDIENCE = 'https://api.example.com';
const TARGET = '/v1/items?x=1';
const OURS = { server: { audience: [AUDIENCE, 'orders'] } };
const BODY = '{"name":"жук"}';
const digestOf = (text: string) => createHash('sha256').update(text).digest('base64url');

/** Signs a token with this binding. */
const bound = (nonce: string, members: object, more: object = {}) =>
  signedJwt(claimsOf(nonce, { bind: { v: 1, ...members }, ...more }));

export const BINDING: readonly Vector[] = [
  scenario(
    'aud-claim',
    'The aud claim must name this server: it, or one of its members, equals a configured audience exactly.',
    [
      accepted(signedJwt(claimsOf('a', { aud: AUDIENCE })), 'a string'),
      accepted(signedJwt(claimsOf('b', { aud: ['other', 'orders'] })), 'one member of an array'),
      refused('wrong_audience', signedJwt(claimsOf('c', { aud: 'https://api.example.com/' })), 'with a slash'),
      refused('wrong_audience', signedJwt(claimsOf('c', { aud: 'HTTPS://API.example.com' })), 'in another case'),
      refused('wrong_audience', signedJwt(claimsOf('c', { aud: '' })), 'empty'),
      refused('wrong_audience', signedJwt(claimsOf('c', { aud: [] })), 'an empty array'),
    ],
    OURS,
  ),
  scenario('aud-not-configured', 'A server without a configured audience refuses every token with an audience.', [
    refused('wrong_audience', signedJwt(claimsOf('a', { aud: AUDIENCE })), 'aud'),
    refused('wrong_audience', bound('a', { aud: AUDIENCE }), 'bind.aud'),
    accepted(signedJwt(claimsOf('a')), 'neither'),
  ]),
  scenario(
    'bind-aud',
    'bind.aud and aud must both match.',
    [
      accepted(bound('a', { aud: AUDIENCE }), 'bind.aud'),
      accepted(bound('b', { aud: AUDIENCE }, { aud: AUDIENCE }), 'both'),
      refused('wrong_audience', bound('c', { aud: 'https://other.example' }), 'another bind.aud'),
      refused('wrong_audience', bound('c', { aud: AUDIENCE }, { aud: 'https://other.example' }), 'another aud'),
      refused(
        'wrong_audience',
        bound('c', { aud: 'https://other.example' }, { aud: AUDIENCE }),
        'a wrong bind.aud with a good aud',
      ),
    ],
    OURS,
  ),
  scenario('bind-htm', 'The method is compared exactly, as sent.', [
    accepted(bound('a', { htm: 'GET' }), 'the same'),
    refused('binding_mismatch', bound('b', { htm: 'GET' }), { what: 'another', method: 'POST' }),
    refused('binding_mismatch', bound('b', { htm: 'get' }), 'in another case'),
    accepted(bound('b', { htm: 'GET' }), 'the refused token in the right request: a mismatch does not use it up'),
  ]),
  scenario(
    'bind-target',
    'The request target is compared byte for byte, except for an empty query and a signed fragment.',
    [
      accepted(bound('a', { target: TARGET }), 'the same'),
      ...[
        '/v1/items',
        '/v1/items?x=2',
        '/v1/items?x=1&',
        '/V1/items?x=1',
        '/v1//items?x=1',
        '/v1/./items?x=1',
        '/v1/%69tems?x=1',
      ].map((target) => refused('binding_mismatch', bound('b', { target: TARGET }), { what: target, target })),
      refused('binding_mismatch', bound('b', { target: `https://api.example.com${TARGET}` }), {
        what: 'the absolute form, on both sides',
        target: `https://api.example.com${TARGET}`,
      }),
      accepted(bound('c', { target: '*' }), { what: 'the asterisk form', method: 'OPTIONS', target: '*' }),
      accepted(bound('d', { target: '/v1/items?' }), { what: 'an empty query', target: '/v1/items?' }),
      accepted(bound('e', { target: '/v1/items' }), { what: 'an empty query, received only', target: '/v1/items?' }),
      accepted(bound('f', { target: '/v1/items?' }), { what: 'an empty query, signed only', target: '/v1/items' }),
      accepted(bound('g', { target: '/v1/items?#a?' }), { what: 'a fragment, signed only', target: '/v1/items' }),
      ...['/v1/items#/../admin', '/v1/items?#', '/v1/items??', '/v1/items?&'].map((target) =>
        refused('binding_mismatch', bound('h', { target: '/v1/items' }), { what: target, target }),
      ),
    ],
  ),
  scenario('bind-empty', 'A bind without members restricts nothing.', [accepted(bound('a', {}))]),
  scenario(
    'bind-digest',
    'After the nonce is claimed, the digest is compared with the body as received, even if the body is empty.',
    [
      accepted(bound('a', { digest: digestOf(BODY) }), { what: 'the same', method: 'POST', body: BODY }),
      accepted(bound('b', { digest: digestOf('') }), { what: 'an empty body', body: '' }),
      refused('binding_mismatch', bound('c', { digest: digestOf(BODY) }), {
        what: 'another',
        method: 'POST',
        body: `${BODY} `,
      }),
      refused('replayed', bound('c', { digest: digestOf(BODY) }), {
        what: 'that token again: it is used',
        method: 'POST',
        body: BODY,
      }),
      refused('binding_mismatch', bound('d', { digest: `${digestOf(BODY)}=` }), {
        what: 'with padding',
        method: 'POST',
        body: BODY,
      }),
    ],
  ),
  scenario(
    'bind-digest-unseen',
    'A server that cannot see the body refuses a token that binds it, and the token stays unused.',
    [
      refused('binding_mismatch', bound('a', { digest: digestOf(BODY) }), {
        what: 'without access to the body',
        method: 'POST',
      }),
      accepted(bound('a', { digest: digestOf(BODY) }), { what: 'with access to it', method: 'POST', body: BODY }),
    ],
  ),
  scenario(
    'bind-required',
    'Every member that the server requires must be present.',
    [
      refused('binding_required', signedJwt(claimsOf('a')), 'no bind'),
      refused('binding_required', bound('a', { htm: 'GET' }), 'one of two required members'),
      refused('binding_required', signedJwt(claimsOf('a', { htm: 'GET', target: TARGET })), 'outside bind'),
      accepted(bound('a', { htm: 'GET', target: TARGET }), 'both'),
      refused('binding_mismatch', bound('b', { htm: 'GET', target: '/' }), 'both, one of them wrong'),
    ],
    { server: { require: ['htm', 'target'] } },
  ),
  scenario(
    'bind-required-aud',
    'The aud claim does not replace bind.aud; a wrong audience is reported before a missing member.',
    [
      refused('binding_required', signedJwt(claimsOf('a', { aud: AUDIENCE })), 'aud alone'),
      refused('wrong_audience', signedJwt(claimsOf('a', { aud: 'https://other.example' })), 'only a wrong aud'),
      accepted(bound('a', { aud: AUDIENCE }), 'bind.aud'),
    ],
    { server: { audience: [AUDIENCE], require: ['aud'] } },
  ),
  scenario(
    'bind-required-of-user',
    'A server can require more of one user than of others.',
    [
      refused('binding_required', signedJwt(claimsOf('a')), 'alice without bind'),
      accepted(bound('a', { htm: 'GET' }), 'alice with bind'),
      accepted(signedJwt({ ...claimsOf('a'), username: 'bob' }, 'ed25519-2'), 'bob without bind', 'bob'),
    ],
    { users: [{ ...userWith('alice', 'ed25519-1'), require: ['htm'] }, userWith('bob', 'ed25519-2')] },
  ),
];
