/** The window and the registered time claims: step 5. */
import { accepted, refused, scenario, type Vector } from './scenario.ts';
import { claimsOf, NOW, signedJwt } from './sign.ts';

const at = (time: number, nonce = 'a') => signedJwt(claimsOf(nonce, { time }));

export const TIME: readonly Vector[] = [
  scenario(
    'time-window',
    'The window includes both ends: exactly T seconds before and after the server’s clock are accepted.',
    [
      accepted(at(NOW - 20), '20 s ago'),
      accepted(at(NOW + 20), '20 s ahead'),
      refused('stale', at(NOW - 20, 'b'), { what: '20 s and a millisecond ago', now: NOW + 0.001 }),
      refused('from_the_future', at(NOW + 20, 'b'), { what: '20 s and a millisecond ahead', now: NOW - 0.001 }),
      refused('stale', at(NOW - 20.5, 'b'), 'a fraction counts'),
    ],
  ),
  scenario('time-stale', 'A token that was signed too long ago is refused.', [
    refused('stale', at(NOW - 21), '21 s ago'),
    refused('stale', at(NOW - 31_536_000), 'a year ago'),
    refused('stale', at(1), 'in 1970'),
  ]),
  scenario('time-from-the-future', 'A token that was signed ahead of the clock is refused.', [
    refused('from_the_future', at(NOW + 21), '21 s ahead'),
    refused('from_the_future', at(NOW * 1000), 'milliseconds'),
  ]),
  scenario(
    'time-tolerance',
    'The server chooses T.',
    [
      accepted(at(NOW - 5), '5 s ago'),
      refused('stale', at(NOW - 6), '6 s ago'),
      refused('from_the_future', at(NOW + 6), '6 s ahead'),
    ],
    { server: { tolerance: 5 } },
  ),
  scenario('time-exp', 'A token is refused if its exp is T or more behind the clock.', [
    accepted(signedJwt(claimsOf('a', { exp: NOW - 19 })), '19 s ago'),
    refused('expired', signedJwt(claimsOf('b', { exp: NOW - 20 })), '20 s ago'),
    refused('expired', signedJwt(claimsOf('b', { exp: 1 })), 'in 1970'),
    refused('stale', signedJwt(claimsOf('b', { time: NOW - 21, exp: 1 })), 'the time of the token is checked first'),
  ]),
  scenario('time-nbf-iat', 'nbf and iat may be at most T ahead of the clock.', [
    accepted(signedJwt(claimsOf('a', { nbf: NOW + 20, iat: NOW + 20 })), '20 s ahead'),
    refused('from_the_future', signedJwt(claimsOf('b', { nbf: NOW + 20.5 })), 'nbf 20.5 s ahead'),
    refused('from_the_future', signedJwt(claimsOf('b', { iat: NOW + 21 })), 'iat 21 s ahead'),
    accepted(signedJwt(claimsOf('c', { nbf: 0, iat: -1, exp: 1e15 })), 'far in the past and the future'),
  ]),
];
