/** JOSE headers with unusual members; the signature is always valid. */

/**
 * Makes raw headers with their expected outcomes, grouped by what they have in common.
 *
 * @param kid - kid of the key that signs @param stranger - kid of a key that is not registered
 */
export function joseHeaderMembers(
  kid: string,
  stranger: string,
): Readonly<Record<string, readonly (readonly [header: string, outcome: string])[]>> {
  return {
    alg: [
      ...[
        '"none"',
        '"None"',
        '"nOnE"',
        'null',
        'true',
        '0',
        '["EdDSA"]',
        '{"EdDSA":1}',
        '"__proto__"',
        '"constructor"',
      ],
      ...['"hasOwnProperty"', '"eddsa"', '"EDDSA"', '"EdDSA\\u0000"', '" EdDSA"', '"HS512"', '"ES256K"', '"dir"'],
    ].map((alg) => [`{"alg":${alg}}`, 'malformed alg'] as const),
    'no alg': [
      ['{}', 'malformed alg'],
      ['{"typ":"JWT"}', 'malformed alg'],
      ['{"__proto__":{"alg":"EdDSA"}}', 'malformed alg'],
      ['{"ALG":"EdDSA"}', 'malformed alg'],
    ],
    crit: ['[]', '["b64"]', '["exp"]', '["alg"]', '"exp"', 'null', '{}', '[1]', 'false'].map(
      (crit) => [`{"alg":"EdDSA","exp":1,"crit":${crit}}`, 'malformed unsupported_header'] as const,
    ),
    'b64, zip and enc': ['"b64":false', '"b64":true', '"zip":"DEF"', '"zip":null', '"enc":"A128GCM"', '"enc":""'].map(
      (member) => [`{"alg":"EdDSA",${member}}`, 'malformed unsupported_header'] as const,
    ),
    'typ JWT in any case': ['JWT', 'jwt', 'Jwt', '\\u004aWT'].map(
      (typ) => [`{"alg":"EdDSA","typ":"${typ}"}`, 'accepted'] as const,
    ),
    'another typ': [
      ...['"at+jwt"', '"dpop+jwt"', '"JWS"', '"JOSE"', '"application/jwt"', '""', '" JWT"', '"JWT "', '"J\\u200bWT"'],
      ...['null', '1', 'true', '["JWT"]', '{"JWT":1}'],
    ].map((typ) => [`{"alg":"EdDSA","typ":${typ}}`, 'malformed typ'] as const),
    'a kid that names no key': [
      ...['/etc/passwd', '../../../../dev/null', "x' OR '1'='1", 'https://attacker.example/key', '*', '__proto__'],
      ...['\\u0000', 'a\\r\\nX: y', 'bilbo.baggins@hobbiton.example', kid.slice(1), `${kid}0`, `0x${kid.slice(2)}`],
      ...['k'.repeat(256), 'é'.repeat(128)],
    ].map((text) => [`{"alg":"EdDSA","kid":"${text}"}`, 'accepted'] as const),
    'a kid that is not valid': [
      ...[
        '7',
        'true',
        'null',
        '[]',
        `["${kid}"]`,
        `{"kid":"${kid}"}`,
        '""',
        `"${'k'.repeat(257)}"`,
        `"${'é'.repeat(129)}"`,
      ],
    ].map((text) => [`{"alg":"EdDSA","kid":${text}}`, 'malformed kid'] as const),
    'a kid that names a key': [
      [`{"alg":"EdDSA","kid":"${kid}"}`, 'accepted'],
      [`{"alg":"EdDSA","kid":"${kid.toUpperCase()}"}`, 'accepted'],
      [`{"alg":"EdDSA","kid":"${stranger}"}`, 'unknown_key'],
      [`{"alg":"EdDSA","kid":"${stranger.toUpperCase()}"}`, 'unknown_key'],
      [`{"alg":"EdDSA","kid":"${'0'.repeat(64)}"}`, 'unknown_key'],
    ],
    'a long header': [
      [`{"alg":"EdDSA","kid":"${'k'.repeat(4096)}"}`, 'malformed header_too_long'],
      [`{"alg":"EdDSA","x":"${'x'.repeat(2026)}"}`, 'accepted'],
      [`{"alg":"EdDSA","x":"${'x'.repeat(2027)}"}`, 'malformed header_too_long'],
    ],
    'a header that is not one JSON object': [
      ...[
        '[]',
        '[{"alg":"EdDSA"}]',
        'true',
        '1',
        '{"alg":"EdDSA"}x',
        '{"alg":"EdDSA"}{}',
        '{alg:"EdDSA"}',
        '\ufeff{"alg":"EdDSA"}',
      ],
      ...['{"alg":"EdDSA","alg":"EdDSA"}', '{"alg":"EdDSA","\\u0061lg":"none"}', '{"alg":"EdDSA","kid":"\\ud800"}'],
      ...['{"alg":"EdDSA","x":{"y":1,"y":1}}', '{"alg":"EdDSA",}', '{"alg":"EdDSA"}\0'],
    ].map((header) => [header, 'malformed header_json'] as const),
    'members that are ignored': [
      ['{"alg":"EdDSA","__proto__":{"crit":["x"],"kid":7}}', 'accepted'],
      ['{"alg":"EdDSA","cty":"JWT","iss":"x","epk":{},"p2c":1000000000,"x5t":"AA"}', 'accepted'],
      [' {\t"alg" :\r\n"EdDSA" } ', 'accepted'],
      ['{"\\u0061lg":"EdDSA"}', 'accepted'],
    ],
  };
}
