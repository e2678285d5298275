/** The JOSE header, the segments and their limits: step 2. */
import { createHmac, createPublicKey } from 'node:crypto';
import { padded } from './accept.ts';
import { accepted, malformed, refused, scenario, userWith, type Vector } from './scenario.ts';
import { base64url, claimsOf, headerOf, jwt, keyNamed, signed, signedJwt } from './sign.ts';

const good = signed(claimsOf('a'));
const withHeader = (header: object | string | Uint8Array) => signedJwt(claimsOf('a'), 'ed25519-1', header);
const { spki, kid } = keyNamed('ed25519-1');

/** Sets the unused bits of a good signature: a lenient decoder returns the same bytes. */
const spareBits = good.signature.slice(0, -1) + nextCharacter(good.signature.slice(-1));

function nextCharacter(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(character) + 1] as string;
}

function hmacWithPublicKey(secret: string | Buffer): string {
  const signingInput = `${base64url({ alg: 'HS256', typ: 'JWT', kid })}.${good.payload}`;
  return `JWT ${signingInput}.${createHmac('sha256', secret).update(signingInput).digest('base64url')}`;
}

const p256 = signed(claimsOf('a'), 'p256');

export const TOKEN: readonly Vector[] = [
  scenario('token-too-long', 'A token has at most 8192 characters.', [
    malformed(
      'too_long',
      signedJwt(padded(claimsOf('a'), 4096), 'ed25519-1', padded({ alg: 'EdDSA' }, 1982)),
      '8193 characters',
    ),
    malformed('too_long', `JWT ${'.'.repeat(8193)}`, 'dots'),
  ]),
  scenario('token-header-too-long', 'A JOSE header has at most 2048 bytes.', [
    malformed('header_too_long', withHeader(padded(headerOf('ed25519-1'), 2049))),
  ]),
  scenario('token-payload-too-long', 'A payload has at most 4096 bytes.', [
    malformed('payload_too_long', signedJwt(padded(claimsOf('a'), 4097))),
  ]),
  scenario('token-not-base64url', 'A signature must be canonical base64url, so that a token has only one encoding.', [
    malformed('not_base64url', `${jwt(good)}==`, 'padding'),
    malformed('not_base64url', jwt({ ...good, signature: spareBits }), 'unused bits that are not zero'),
    malformed('not_base64url', `${jwt(good)}!`, 'another character'),
    malformed('not_base64url', jwt({ ...good, signature: ` ${good.signature}` }), 'a space'),
    malformed(
      'not_base64url',
      jwt({ ...good, signature: `+/${good.signature.slice(2)}` }),
      'the alphabet of standard base64',
    ),
    malformed(
      'not_base64url',
      jwt({ ...good, payload: `${good.payload}+` }),
      'a character of standard base64 in the payload',
    ),
    refused('malformed', jwt({ ...good, header: `é${good.header}` }), 'beyond ASCII'),
    accepted(jwt(good), 'the unchanged token'),
  ]),
  scenario('token-header-json', 'The JOSE header is an unambiguous JSON object.', [
    malformed('header_json', withHeader('null'), 'null'),
    malformed('header_json', withHeader('["EdDSA"]'), 'an array'),
    malformed('header_json', withHeader('"x"'), 'a string'),
    malformed('header_json', withHeader('{"alg":"none","alg":"EdDSA"}'), 'a member twice'),
    malformed('header_json', withHeader('{"alg":"none","\\u0061lg":"EdDSA"}'), 'a member twice, once escaped'),
    malformed('header_json', withHeader('{"alg":"EdDSA"}x'), 'trailing text'),
    malformed('header_json', withHeader('\ufeff{"alg":"EdDSA"}'), 'a byte order mark'),
    malformed('header_json', withHeader(Uint8Array.of(0xff, 0xfe)), 'bytes that are not UTF-8'),
    malformed('header_json', withHeader('{"alg":"EdDSA","kid":"\\ud800"}'), 'a lone surrogate'),
    malformed('header_json', jwt({ ...good, header: `${good.header}==` }), 'padding'),
  ]),
  scenario('token-alg', 'alg must be one of a closed list. The list has neither none nor HMAC.', [
    ...['none', 'None', 'NONE', '', 'eddsa', 'EdDSA ', 'Ed448', 'RS1', 'HS256', 'toString', '__proto__'].map((alg) =>
      malformed('alg', withHeader({ alg, typ: 'JWT', kid }), JSON.stringify(alg)),
    ),
    malformed('alg', withHeader({ typ: 'JWT', kid }), 'absent'),
    malformed('alg', withHeader({ alg: ['EdDSA'] }), 'an array'),
    malformed('alg', withHeader({ alg: null }), 'null'),
    malformed('alg', hmacWithPublicKey(spki), 'HS256 keyed with the PEM of the public key'),
    malformed('alg', hmacWithPublicKey(spki.trim()), 'with the trimmed PEM'),
    malformed('alg', hmacWithPublicKey(createPublicKey(spki).export({ type: 'spki', format: 'der' })), 'with its DER'),
    malformed('alg', hmacWithPublicKey(''), 'with nothing'),
  ]),
  scenario('token-typ', 'typ must be JWT or absent: another kind of JWT that the same key signed is refused.', [
    ...['dpop+jwt', 'at+jwt', '', 'JWT '].map((typ) =>
      malformed('typ', withHeader({ alg: 'EdDSA', typ }), JSON.stringify(typ)),
    ),
    malformed('typ', withHeader({ alg: 'EdDSA', typ: null }), 'null'),
    malformed('typ', withHeader({ alg: 'EdDSA', typ: ['JWT'] }), 'an array'),
  ]),
  scenario('token-kid', 'kid must be absent, or a string of 1 to 256 bytes.', [
    ...[null, 7, ['a'], { a: 1 }, ''].map((value) =>
      malformed('kid', withHeader({ alg: 'EdDSA', kid: value }), JSON.stringify(value)),
    ),
    malformed('kid', withHeader({ alg: 'EdDSA', kid: 'k'.repeat(257) }), '257 bytes'),
    malformed('kid', withHeader({ alg: 'EdDSA', kid: 'é'.repeat(129) }), '129 characters of 258 bytes'),
  ]),
  scenario('token-unsupported-header', 'Members that change how a JWS is read are refused, whatever their value.', [
    malformed('unsupported_header', withHeader({ alg: 'EdDSA', crit: [] }), 'an empty crit'),
    malformed('unsupported_header', withHeader({ alg: 'EdDSA', crit: ['exp'] }), 'crit'),
    malformed('unsupported_header', withHeader({ alg: 'EdDSA', crit: ['b64'], b64: false }), 'crit and b64'),
    malformed('unsupported_header', withHeader({ alg: 'EdDSA', b64: true }), 'b64'),
    malformed('unsupported_header', withHeader({ alg: 'EdDSA', zip: 'DEF' }), 'zip'),
    malformed('unsupported_header', withHeader({ alg: 'EdDSA', enc: 'A128GCM' }), 'enc'),
    malformed('unsupported_header', withHeader({ alg: 'EdDSA', crit: null }), 'crit that is null'),
  ]),
  scenario(
    'token-signature-length',
    'The length of a signature must fit its alg: r and s with a fixed length for ECDSA, 256 to 1024 bytes for RSA.',
    [
      malformed('signature_length', jwt({ ...good, signature: base64url(Buffer.alloc(63)) }), '63 bytes for EdDSA'),
      malformed('signature_length', jwt({ ...good, signature: base64url(Buffer.alloc(65)) }), '65 bytes for EdDSA'),
      malformed('signature_length', jwt({ ...p256, signature: der(p256.signature) }), 'ES256 in DER'),
      malformed(
        'signature_length',
        jwt({ ...good, header: base64url({ alg: 'RS512' }) }),
        'an EdDSA signature as RS512',
      ),
      accepted(jwt(p256), 'a correct ES256 signature'),
    ],
    { users: [userWith('alice', 'ed25519-1', 'p256')] },
  ),
];

/** Encodes an ECDSA signature in DER, as in X.509. */
function der(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  const integers = [bytes.subarray(0, 32), bytes.subarray(32)].map((number) =>
    Buffer.concat([Buffer.of(2, 33, 0), number]),
  );
  return base64url(Buffer.concat([Buffer.of(0x30, 70), ...integers]));
}
