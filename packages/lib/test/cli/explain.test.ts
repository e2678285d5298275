/** `ajwt explain` decodes a token, reports each check, and never prints the signature. */
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { ajwt, finish, lacks, scratch, shell, startOnTerminal } from 'ajwt-testkit/ajwt';
import { createToken, type TokenOptions } from 'asymmetric-jwt-auth/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { MALFORMED, PrivateKey } from '../../src/index.ts';

const file = scratch();
let key: PrivateKey;
let otherKid = '';

beforeAll(async () => {
  key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  writeFileSync(file('key.pub'), `${key.publicKey.toOpenSsh()}\n`);
  const other = await PrivateKey.generate();
  otherKid = other.kid;
  writeFileSync(file('other.pub'), `${other.publicKey.toOpenSsh()}\n`);
  writeFileSync(file('rsa.pub'), (await PrivateKey.generate('rsa')).publicKey.toPem());
});

const make = (options: Partial<TokenOptions> = {}) => createToken({ username: 'guido', key, ...options });
const off = (seconds: number) => ({ now: () => Date.now() / 1000 + seconds });
const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Makes a signed token with any header and claims. */
const signed = (header: object, claims: object) => {
  const input = `${segment(header)}.${segment(claims)}`;
  return `${input}.${Buffer.from(key.sign(Buffer.from(input))).toString('base64url')}`;
};
const now = () => Math.floor(Date.now() / 1000);

/** Returns the printed checks: name, result, reason. */
const checksOf = (printed: string) =>
  [...printed.matchAll(/^ {2}(\S+) +(pass|FAIL|unknown) +(.*)$/gm)].map(([, ...columns]) => columns);
const explain = async (input: string, ...args: string[]) => {
  const outcome = await ajwt(['explain', ...args], { input });
  expect(outcome.stderr).toBe('');
  return { ...outcome, checks: checksOf(outcome.stdout) };
};
const resultsOf = (checks: readonly (readonly (string | undefined)[])[]) =>
  checks.map(([, result]) => result).join(' ');

test('reports that all checks of a valid token pass, except those that only the server can run', async () => {
  const { code, checks, stdout } = await explain(await make(), '--pubkey', file('key.pub'));
  expect(code).toBe(0);
  expect(checks).toEqual([
    ['well-formed', 'pass', 'valid token format, alg EdDSA'],
    ['key', 'pass', 'the kid of the token matches this key'],
    ['signature', 'pass', `made by ${key.publicKey.fingerprint}`],
    ['time', 'pass', expect.stringMatching(/^signed [\d.]+ s ago by the local clock; the tolerance is 20 s$/)],
    ['binding', 'unknown', 'not bound to a request; refused only by a server that requires binding'],
    ['replay', 'unknown', 'only the server knows whether the token was used before'],
  ]);
  expect(stdout).toMatch(
    new RegExp(`^Header\n  alg  EdDSA\n  typ  JWT\n  kid  ${key.kid}\nClaims\n  username  guido\n`),
  );
  expect(stdout).toMatch(/\n {2}time {6}\d{10} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, [\d.]+ s ago\n/);
});

test('reports that the signature was not checked, if --pubkey is missing', async () => {
  const { code, checks } = await explain(await make());
  expect([code, resultsOf(checks)]).toEqual([0, 'pass unknown unknown pass unknown unknown']);
  expect(checks[2]).toEqual(['signature', 'unknown', 'not checked; use --pubkey FILE']);
});

test('reads the token from an argument or standard input, with or without its header', async () => {
  const token = await make();
  const key = ['--pubkey', file('key.pub')];
  const ways = [
    ['explain', token, ...key],
    ['explain', `JWT ${token}`, ...key],
    ['explain', 'JWT', token, ...key],
    ['explain', `Authorization: JWT ${token}`, ...key],
    ['explain', 'authorization:', 'jwt', token, ...key],
    ['explain', `> Authorization: JWT ${token}`, ...key],
  ];
  for (const args of ways) expect(resultsOf(checksOf((await ajwt(args)).stdout))).toMatch(/^pass pass pass pass/);
  for (const input of [token, `${token}\n`, `JWT ${token}\r\n`, `\n  Authorization: JWT  ${token}\n`]) {
    for (const args of [key, ['-', ...key]]) {
      expect(resultsOf((await explain(input, ...args)).checks)).toMatch(/^pass pass pass pass/);
    }
  }
});

test('reads the output of `ajwt token` from a pipe', async () => {
  const { code, stdout } = await shell(
    `ajwt token --user guido --key '${file('key')}' --bind POST https://api.example.com/x?y=1 | ajwt explain - --pubkey '${file('key')}'`,
  );
  expect([code, resultsOf(checksOf(stdout))]).toEqual([0, 'pass pass pass pass unknown unknown']);
  expect(stdout).toContain('valid only for aud https://api.example.com; htm POST; target /x?y=1\n');
});

describe('ajwt explain reports as failed, with the reason', () => {
  test('the time, if it is stale, in the future, or outside a given tolerance', async () => {
    const stale = await make(off(-37));
    const { code, checks } = await explain(stale, '--pubkey', file('key.pub'));
    expect([code, resultsOf(checks)]).toEqual([1, 'pass pass pass FAIL unknown unknown']);
    expect(checks[3]?.[2]).toMatch(
      /^stale: signed (3[7-9]|4\d)(\.\d)? s ago by the local clock; the tolerance is 20 s$/,
    );
    expect((await explain(stale, '--tolerance', '60')).code).toBe(0);

    const { checks: ahead } = await explain(await make(off(3600 + 59)));
    expect(ahead[3]?.[2]).toMatch(
      /^from_the_future: signed 1 h( \d+ (min|s))? in the future by the local clock; the tolerance is 20 s$/,
    );
  });

  test.each([
    ['exp', () => now() - 100, 'expired: the time in the claim exp has passed'],
    ['nbf', () => now() + 100, 'from_the_future: the time in the claim nbf or iat is in the future'],
    ['iat', () => now() + 100, 'from_the_future: the time in the claim nbf or iat is in the future'],
  ])('the time, if the registered claim %s does not allow it', async (name, value, why) => {
    const token = signed({ alg: 'EdDSA' }, { username: 'guido', time: now(), nonce: 'n', [name]: value() });
    const { code, checks } = await explain(token, '--pubkey', file('key.pub'));
    expect([code, checks[3]]).toEqual([1, ['time', 'FAIL', why]]);
    expect(checks[1]).toEqual(['key', 'pass', 'the token has no kid; this key fits its algorithm']);
  });

  test('the key, if the token names another key or has an algorithm that the key does not support', async () => {
    const { code, checks } = await explain(await make(), '--pubkey', file('other.pub'));
    expect([code, resultsOf(checks)]).toEqual([1, 'pass FAIL unknown pass unknown unknown']);
    expect(checks[1]?.[2]).toBe(
      `unknown_key: the token names another key: its kid is ${key.kid.slice(0, 12)}…, but this key has ${otherKid.slice(0, 12)}…`,
    );
    const { checks: otherKind } = await explain(await make(), '--pubkey', file('rsa.pub'));
    expect(otherKind[1]?.[2]).toBe(
      'unknown_key: the token has alg EdDSA, but this key accepts only RS512, RS384, RS256',
    );
  });

  test('the signature, if a claim was changed', async () => {
    const [header, , signature] = (await make()).split('.');
    const claims = segment({ username: 'ada', time: now(), nonce: 'n' });
    const { code, checks } = await explain(`${header}.${claims}.${signature}`, '--pubkey', file('key.pub'));
    expect([code, resultsOf(checks)]).toEqual([1, 'pass pass FAIL pass unknown unknown']);
    expect(checks[2]?.[2]).toBe(`bad_signature: not made by ${key.publicKey.fingerprint}, or the token was altered`);
  });

  test.each<[string, () => string, keyof typeof MALFORMED]>([
    ['not three segments', () => 'eyJ.eyJ', 'not_a_token'],
    ['a space inside', () => signed({ alg: 'EdDSA' }, { username: 'x' }).replace('.', '. '), 'payload_json'],
    ['HMAC', () => `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment({ sub: 'x' })}.AAAA`, 'alg'],
    ['none', () => `${segment({ alg: 'none' })}.${segment({ username: 'x' })}.AAAA`, 'alg'],
    ['crit', () => signed({ alg: 'EdDSA', crit: ['x'] }, { username: 'x' }), 'unsupported_header'],
    ['an invalid username', () => signed({ alg: 'EdDSA' }, { username: ' x', time: 1, nonce: 'n' }), 'username'],
    ['a time that is a string', () => signed({ alg: 'EdDSA' }, { username: 'x', time: '1', nonce: 'n' }), 'time'],
    ['two tokens', () => 'JWT a.b.c, JWT d.e.f', 'header_repeated'],
    ['no token after the scheme', () => 'Authorization: JWT', 'no_token'],
    ['a long token', () => 'e'.repeat(9000), 'too_long'],
  ])('the format: %s', async (_name, token, code) => {
    const { code: exit, checks } = await explain(token());
    expect([exit, resultsOf(checks)]).toEqual([1, 'FAIL unknown unknown unknown unknown unknown']);
    expect(checks[0]?.[2]).toBe(`${code}: ${MALFORMED[code]}`);
    expect(checks[1]?.[2]).toBe('not reached');
  });

  test('the format, if the scheme is wrong or the input is empty', async () => {
    for (const input of [`Bearer ${await make()}`, '', '\n']) {
      const { code, checks } = await explain(input);
      expect([code, checks[0]]).toEqual([1, ['well-formed', 'FAIL', 'missing: no credential with the scheme JWT']]);
    }
  });

  test('the format of a token, but still decodes what it can', async () => {
    const { stdout } = await explain(`Bearer ${segment({ alg: 'HS256' })}.${segment({ sub: 'x', admin: true })}.AAAA`);
    expect(stdout).toMatch(/^Header\n {2}alg {2}HS256\nClaims\n {2}sub {4}x\n {2}admin {2}true\nChecks\n/);
  });
});

describe('ajwt explain never prints', () => {
  test('the signature', async () => {
    for (const token of [await make(), await make(off(-100)), `${await make()}A`, `JWT ${await make()} x`]) {
      const signature = /\.([\w-]{30})[\w-]*( x)?$/.exec(token)?.[1] as string;
      for (const args of [[], ['--json'], ['--pubkey', file('key.pub')], ['--pubkey', file('other.pub')]]) {
        expect((await explain(token, ...args)).stdout).not.toContain(signature);
      }
    }
  });

  test('characters from a token that control the terminal or reverse text', async () => {
    const nasty = 'a\u202eb\u2066c\u200bd\u009be\u001b[31mf\\g';
    const claims = { username: 'x\u202ey', time: now(), nonce: 'n', [nasty]: nasty, deep: [{ [nasty]: nasty }] };
    const token = signed({ alg: 'EdDSA', kid: nasty.replaceAll(/\p{Cc}/gu, '') }, claims);
    for (const args of [[], ['--json'], ['--pubkey', file('other.pub')]]) {
      const { stdout } = await explain(token, ...args);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u);
    }
    const { stdout } = await explain(token, '--json');
    expect(JSON.parse(stdout).claims).toEqual(claims);
    expect((await explain(token)).stdout).toMatch(/\n {2}username +x\\u\{202e\}y\n/);
  });
});

test('prints strings that look like numbers in quotes, and a time outside the calendar as a number', async () => {
  const token = signed({ alg: 'EdDSA' }, { username: '7', time: 2 ** 52, nonce: 7, x: 'null', y: null, z: '' });
  const { stdout } = await explain(token);
  expect(stdout).toContain(
    'Claims\n  username  "7"\n  time      4503599627370496\n  nonce     7\n  x         "null"\n  y         null\n  z         ""\n',
  );
});

test('with --json, prints one object', async () => {
  const { code, stdout } = await explain(await make(off(-37)), '--json', '--pubkey', file('key.pub'));
  const { ok, header, claims, checks } = JSON.parse(stdout);
  expect([code, ok]).toEqual([1, false]);
  expect(header).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: key.kid });
  expect(claims).toMatchObject({ username: 'guido', time: expect.any(Number), nonce: expect.any(String) });
  expect(checks.map(({ check, result }: Record<string, string>) => `${check} ${result}`)).toEqual([
    'well-formed pass',
    'key pass',
    'signature pass',
    'time FAIL',
    'binding unknown',
    'replay unknown',
  ]);
  const { stdout: nothing } = await explain('x', '--json');
  expect(JSON.parse(nothing)).toMatchObject({ ok: false, header: null, claims: null });
});

test.each([
  [['--tolerance', '0'], '--tolerance: must be a number of seconds from 1 to 600'],
  [['--tolerance', 'ten'], '--tolerance: must be a number of seconds from 1 to 600'],
  [['--tolerance', '601'], '--tolerance: must be a number of seconds from 1 to 600'],
  [['--pubkey', 'nowhere'], 'nowhere cannot be read: there is no such file (ENOENT)'],
  [['--pubkey', '-'], '--pubkey: must be a file; standard input is reserved for the token'],
])('%j is refused', async (args, message) => {
  expect(await ajwt(['explain', ...args])).toMatchObject({ code: 1, stdout: '', stderr: `ajwt: ${message}\n` });
});

describe('the colors of ajwt explain', () => {
  const COLORED = '\u001b[1m\u001b[31mFAIL';
  const inPipe = (env: Record<string, string>) => ajwt(['explain', 'x'], { env });
  const onTerminal = (env: Record<string, string>) => finish(startOnTerminal('ajwt explain x', { env }));

  test.each([
    ['no variable is set', { NO_COLOR: '' }],
    ['NO_COLOR is set', { NO_COLOR: '1' }],
    ['FORCE_COLOR is 0', { NO_COLOR: '', FORCE_COLOR: '0' }],
  ])('are off in a pipe if %s', async (_name, env) => {
    expect((await inPipe(env)).stdout).not.toContain('\u001b');
  });

  test('are on in a pipe with FORCE_COLOR, even with NO_COLOR, but never in JSON', async () => {
    for (const env of [{ NO_COLOR: '' }, { NO_COLOR: '1' }]) {
      expect((await inPipe({ ...env, FORCE_COLOR: '1' })).stdout).toContain(COLORED);
    }
    const { stdout } = await ajwt(['explain', '--json', 'x'], { env: { FORCE_COLOR: '1' } });
    expect(stdout).not.toContain('\u001b');
  });

  describe.skipIf(lacks('script', '--version'))('on a terminal (needs script)', () => {
    test.each([
      ['no variable is set', {}],
      ['NO_COLOR is empty', { NO_COLOR: '' }],
      ['the terminal is dumb, but FORCE_COLOR is set', { TERM: 'dumb', FORCE_COLOR: '1' }],
    ])('are on if %s', async (_name, env) => {
      expect((await onTerminal(env)).stdout).toContain(COLORED);
    });

    test.each([
      ['NO_COLOR is set', { NO_COLOR: '1' }],
      ['the terminal is dumb', { TERM: 'dumb' }],
      ['FORCE_COLOR is 0', { FORCE_COLOR: '0' }],
      ['FORCE_COLOR is false', { FORCE_COLOR: 'false' }],
    ])('are off if %s', async (_name, env) => {
      const { stdout } = await onTerminal(env);
      expect(stdout).toContain('FAIL');
      expect(stdout).not.toContain('\u001b');
    });
  });

  test('do not change the text', async () => {
    const token = signed({ alg: 'EdDSA', typ: 'JWT' }, { username: 'guido', time: 1, nonce: 'x' });
    const colored = (await ajwt(['explain', token], { env: { FORCE_COLOR: '1' } })).stdout;
    const plain = (await ajwt(['explain', token])).stdout;
    expect(stripVTControlCharacters(colored)).toBe(plain);
  });
});
