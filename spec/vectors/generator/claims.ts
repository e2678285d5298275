/** The payload and its claims: step 2. Every payload is signed with a good key. */
import { malformed, scenario, type Vector } from './scenario.ts';
import { claimsOf, NOW, signedJwt } from './sign.ts';

const BEGIN = '{"username":"alice","time":';
const JSON_OF = (value: unknown) => JSON.stringify(value);

/** Makes a good payload with one member changed, or left out if it is `undefined`. */
const withMember = (name: string, value: unknown) => signedJwt({ ...claimsOf('a'), [name]: value });
/** Makes a good payload with this text as time. */
const withTime = (text: string) => signedJwt(`${BEGIN}${text},"nonce":"a"}`);

export const CLAIMS: readonly Vector[] = [
  scenario('claims-payload-json', 'The payload is an unambiguous JSON object.', [
    ...['null', '1', '"x"', '[]', ' '].map((text) => malformed('payload_json', signedJwt(text), JSON_OF(text))),
    malformed('payload_json', signedJwt(`${BEGIN}${NOW},"nonce":"a"}x`), 'trailing text'),
    malformed('payload_json', signedJwt(`${BEGIN}${NOW},"nonce":"a",}`), 'a trailing comma'),
    malformed('payload_json', signedJwt(`{/**/"username":"alice","time":${NOW},"nonce":"a"}`), 'a comment'),
    malformed('payload_json', signedJwt(`\ufeff${BEGIN}${NOW},"nonce":"a"}`), 'a byte order mark'),
    malformed('payload_json', signedJwt(`${BEGIN}1,"time":${NOW},"nonce":"a"}`), 'a member twice'),
    malformed('payload_json', signedJwt(`${BEGIN}1,"\\u0074ime":${NOW},"nonce":"a"}`), 'a member twice, once escaped'),
    malformed('payload_json', signedJwt(`${BEGIN}${NOW},"nonce":"a","x":{"y":1,"y":1}}`), 'a nested member twice'),
    malformed('payload_json', signedJwt(`${BEGIN}${NOW},"nonce":"\\ud800"}`), 'a lone surrogate'),
    malformed('payload_json', withTime('NaN'), 'NaN'),
    malformed('payload_json', withTime('-Infinity'), 'Infinity'),
    malformed(
      'payload_json',
      signedJwt(Buffer.from(`${BEGIN}${NOW},"nonce":"\xff"}`, 'latin1')),
      'bytes that are not UTF-8',
    ),
  ]),
  scenario(
    'claims-username',
    'A username is a string of 1 to 600 bytes without control characters or outer white space.',
    [
      malformed('username', withMember('username', undefined), 'absent'),
      ...[null, 7, true, ['alice'], { toString: 'alice' }, '', ' alice', 'alice\u00a0', 'alice\u0000', 'a\r\nX: y'].map(
        (value) => malformed('username', withMember('username', value), JSON_OF(value)),
      ),
      malformed('username', withMember('username', 'u'.repeat(601)), '601 bytes'),
      malformed('username', withMember('username', 'é'.repeat(301)), '301 characters of 602 bytes'),
    ],
  ),
  scenario('claims-time', 'A time is a finite number of seconds above 0 and below 2^53.', [
    malformed('time', withMember('time', undefined), 'absent'),
    ...[String(NOW), [NOW], true, null, { valueOf: NOW }, 0, -NOW].map((value) =>
      malformed('time', withMember('time', value), JSON_OF(value)),
    ),
    malformed('time', withTime('1e400'), 'beyond the largest number'),
    malformed('time', withTime('9007199254740992'), '2^53'),
    malformed('time', withTime('-9223372036854775808'), '-2^63'),
  ]),
  scenario('claims-nonce', 'A nonce is a string of 1 to 255 bytes, or a finite number.', [
    malformed('nonce', withMember('nonce', undefined), 'absent'),
    ...[null, '', true, ['a'], { a: 1 }].map((value) => malformed('nonce', withMember('nonce', value), JSON_OF(value))),
    malformed('nonce', signedJwt(`${BEGIN}${NOW},"nonce":1e400}`), 'beyond the largest number'),
    malformed('nonce', withMember('nonce', 'n'.repeat(256)), '256 bytes'),
    malformed('nonce', withMember('nonce', 'é'.repeat(128)), '128 characters of 256 bytes'),
  ]),
  scenario('claims-registered', 'exp, nbf and iat are finite numbers, aud is a string or an array of strings.', [
    malformed('registered_claim', withMember('exp', 'soon'), 'exp that is a word'),
    malformed('registered_claim', withMember('exp', String(NOW + 10)), 'exp that is a string of digits'),
    malformed('registered_claim', withMember('nbf', null), 'nbf that is null'),
    malformed('registered_claim', withMember('iat', true), 'iat that is true'),
    malformed(
      'registered_claim',
      signedJwt(`${BEGIN}${NOW},"nonce":"a","exp":1e400}`),
      'exp beyond the largest number',
    ),
    malformed('registered_claim', withMember('aud', 7), 'aud that is a number'),
    malformed('registered_claim', withMember('aud', null), 'aud that is null'),
    malformed('registered_claim', withMember('aud', ['https://api.example.com', 7]), 'aud of mixed types'),
  ]),
  scenario('claims-bind', 'A bind with unknown members is refused: an unknown restriction fails closed.', [
    ...[null, 'x', [], [1], {}, { v: 2 }, { v: '1' }, { htm: 'GET' }, { v: 1, path: '/' }, { v: 1, htm: null }].map(
      (value) => malformed('bind', withMember('bind', value), JSON_OF(value)),
    ),
    malformed('bind', withMember('bind', { v: 1, target: ['/v1/items?x=1'] }), 'a target in an array'),
  ]),
];
