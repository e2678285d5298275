/** Misspelled and empty environment variables are reported, because they could silently disable a check. */
import { globSync, readFileSync } from 'node:fs';
import { checkEnvironment } from 'ajwt-cli-kit/environment';
import { parseWords } from 'ajwt-cli-kit/parse';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { VARIABLES } from '../../src/cli/variables.ts';
import { SERVE_OPTIONS } from '../../src/serve-options.ts';

const check = (name: string, args: readonly string[] = [], value = 'x') =>
  checkEnvironment(VARIABLES, ['serve', ...args], {
    env: { [name]: value, HOME: '/root' },
    note: () => expect.unreachable(),
  });

describe('ajwtd refuses', () => {
  test.each([
    ['AJWTD_REQUIRED', 'AJWTD_REQUIRE'],
    ['AJWTD_TRUSTED_PROXIES', 'AJWTD_TRUSTED_PROXY'],
    ['AJWTD_TOLERENCE', 'AJWTD_TOLERANCE'],
    ['AJWTD_NONCE', 'AJWTD_NONCES'],
  ])('%s, and suggests %s', (name, meant) => {
    expect(() => check(name)).toThrow(`unknown environment variable ${name}; did you mean ${meant}?`);
  });

  test('an unknown variable that resembles no known one, and lists all known variables', () => {
    expect(() => check('AJWTD_X')).toThrow(/^unknown environment variable AJWTD_X; known variables: AJWTD_LISTEN, /);
  });

  test('an empty variable, for every option', () => {
    for (const { env } of Object.values(SERVE_OPTIONS)) {
      const parse = () => parseWords('ajwtd serve', SERVE_OPTIONS, [], { [env]: '' });
      expect(parse).toThrow(`${env} is empty; unset it, or give it a value`);
    }
  });
});

test('ajwtd ignores variables that Kubernetes sets for a service called ajwtd, and those of ajwt', () => {
  for (const name of [
    'SERVICE_HOST',
    'SERVICE_PORT',
    'SERVICE_PORT_HTTP',
    'PORT',
    'PORT_8787_TCP',
    'PORT_8787_TCP_ADDR',
  ])
    expect(() => check(`AJWTD_${name}`)).not.toThrow();
  for (const name of ['AJWT_USER', 'AJWT_KEY', 'ajwtd_require']) expect(() => check(name)).not.toThrow();
});

test('ajwtd ignores variables that Kubernetes sets for other services whose names begin with ajwtd', () => {
  const links = {
    AJWTD_ADMIN_SERVICE_HOST: '10.96.0.10',
    AJWTD_ADMIN_SERVICE_PORT: '8788',
    AJWTD_ADMIN_SERVICE_PORT_HTTP_METRICS: '8788',
    AJWTD_ADMIN_PORT: 'tcp://10.96.0.10:8788',
    AJWTD_ADMIN_PORT_8788_TCP: 'tcp://10.96.0.10:8788',
    AJWTD_ADMIN_PORT_8788_TCP_PROTO: 'tcp',
    AJWTD_ADMIN_PORT_8788_TCP_PORT: '8788',
    AJWTD_ADMIN_PORT_8788_TCP_ADDR: 'fd00::1',
  };
  for (const [name, value] of Object.entries(links)) expect(() => check(name, [], value)).not.toThrow();
});

test('ajwtd refuses a misspelled option whose name has this form', () => {
  expect(() => check('AJWTD_LISTEN_PORT', [], '8787')).toThrow(/^unknown environment variable AJWTD_LISTEN_PORT/);
  expect(() => check('AJWTD_ADMIN_PORT', [], '8788')).toThrow(/^unknown environment variable AJWTD_ADMIN_PORT/);
});

test('no option uses a variable that Kubernetes sets', () => {
  const values = ['10.96.0.10', '8788', 'tcp://10.96.0.10:8788', 'tcp'];
  expect(VARIABLES.known.filter((name) => values.some((value) => VARIABLES.isOther(name, value)))).toEqual([]);
});

test('the variables of every command are known', async () => {
  for (const { load } of COMMANDS.values()) {
    for (const { env } of Object.values((await load()).options))
      if (env !== undefined) expect(VARIABLES.known).toContain(env);
  }
});

test('ajwt warns about unknown variables, unless an option names the variable', () => {
  const ajwt = { ...VARIABLES, prefix: 'AJWT_', known: ['AJWT_USER', 'AJWT_KEY'], unknown: 'warn' } as const;
  const written: string[] = [];
  checkEnvironment(ajwt, ['keygen', '--passphrase-env', 'AJWT_MINE'], {
    env: { AJWT_MINE: 'x', AJWTD_REQUIRED: 'x', AJWT_USR: 'x' },
    note: (text) => written.push(text),
  });
  expect(written.join('')).toContain('unknown environment variable AJWT_USR; did you mean AJWT_USER?');
  expect(written.join('')).not.toMatch(/AJWT_MINE|AJWTD_/);
});

test('the library reads no environment variable except SSH_AUTH_SOCK', () => {
  const readers = globSync('packages/lib/src/**/*.ts')
    .filter((file) => !/src\/cli\//.test(file))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/process\.env\S*|\benv\[/g)].map(([found]) => `${file}: ${found}`),
    );
  expect(readers).toEqual(['packages/lib/src/signers/ssh-agent/ssh-agent-signer.ts: process.env.SSH_AUTH_SOCK;']);
});
