/** The `Authorization` header: steps 1 and 2. */
import { accepted, malformed, refused, scenario, type Vector } from './scenario.ts';
import { claimsOf, jwt, signed, signedJwt } from './sign.ts';

const good = signed(claimsOf('a'));
const other = signedJwt(claimsOf('b'));
const token = jwt(good).slice(4);

export const HEADER: readonly Vector[] = [
  scenario('header-missing', 'The request has no credential of this scheme.', [
    refused('missing', null, 'no header'),
    refused('missing', [], 'no header, as an empty list'),
    refused('missing', `Bearer ${token}`, 'another scheme'),
    refused('missing', `JWT2 ${token}`, 'a scheme that begins like this one'),
    refused('missing', token, 'a token without a scheme'),
    refused('missing', `"JWT ${token}"`, 'in quotes'),
  ]),
  scenario('header-empty', 'A header without a value is a malformed credential, not a missing one.', [
    malformed('header_empty', ''),
    malformed('header_empty', '  \t', 'white space'),
    malformed('header_empty', [''], 'as a list'),
  ]),
  scenario('header-repeated', 'Exactly one credential is allowed; refusing a pair does not use up either token.', [
    malformed('header_repeated', [jwt(good), other], 'two headers'),
    malformed('header_repeated', [jwt(good), 'Bearer x'], 'two headers of two schemes'),
    malformed('header_repeated', `${jwt(good)}, ${other}`, 'two headers, joined by a proxy'),
    malformed('header_repeated', `Bearer x, ${jwt(good)}`, 'after another scheme'),
    refused('malformed', `${jwt(good)}, Bearer x`, 'before another scheme'),
    refused('malformed', `${jwt(good)},`, 'a trailing comma'),
    accepted(jwt(good), 'the token alone'),
    accepted(other, 'the other token alone'),
  ]),
  scenario('header-no-token', 'The scheme alone is not a credential.', [
    malformed('no_token', 'JWT'),
    malformed('no_token', 'JWT '),
    malformed('no_token', 'jwt   '),
  ]),
  scenario('header-not-a-token', 'The token after the scheme and a space has three segments, separated by dots.', [
    malformed('not_a_token', 'JWT garbage'),
    malformed('not_a_token', `JWT\t${token}`, 'a tab instead of the space'),
    malformed('not_a_token', `JWT=${token}`, 'an equals sign instead of the space'),
    malformed('not_a_token', 'JWT ..'),
    malformed('not_a_token', `JWT ${good.header}.${good.payload}`, 'two segments'),
    malformed('not_a_token', `JWT ${good.header}.${good.payload}.`, 'an empty signature'),
    malformed('not_a_token', `JWT .${good.payload}.${good.signature}`, 'an empty header'),
    malformed('not_a_token', `JWT ${good.header}..${good.signature}`, 'an empty payload'),
    malformed('not_a_token', `JWT ${token}.x`, 'four segments'),
    malformed('not_a_token', 'JWT a.b.c.d.e', 'five segments, like a JWE'),
    refused('malformed', `JWT token="${token}"`, 'as a parameter'),
    accepted(jwt(good), 'the correct token'),
  ]),
];
