/** Sends the tokens in the table of docs/INTEROP.md to the Python package and to ajwtd, which have the same keys. */
import { globSync, readFileSync } from 'node:fs';
import { scratch } from 'ajwt-testkit/ajwt';
import { createAuthorization, PrivateKey, type TokenOptions } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeyKind, makeKey } from './ajwt.ts';
import { type Ajwtd, startAjwtd } from './ajwtd.ts';
import { type DjangoServer, startDjango } from './python.ts';
import { send } from './send.ts';

const SERVICE = 'https://api.example.com';
const TARGET = '/.ajwt/whoami';

/** Makes a clock that is wrong by the given seconds, rounded away from the present so that the outcome stays the same for a second. */
const clock = (seconds: number) => () => Math[seconds < 0 ? 'floor' : 'ceil'](Date.now() / 1000) + seconds;

interface Case {
  readonly name: string;
  readonly options?: Omit<Partial<TokenOptions>, 'key'>;
  /** Whether the token is signed with a key that is not registered. */
  readonly otherKey?: true;
  /** Whether the token has been accepted before. */
  readonly replay?: true;
  /** Expected statuses of the Python package and of ajwtd. */
  readonly python: 200 | 401;
  readonly ajwtd: 200 | 401;
}

const CASES: readonly Case[] = [
  { name: 'good', python: 200, ajwtd: 200 },
  { name: 'replayed', replay: true, python: 401, ajwtd: 401 },
  { name: 'signed 15 s ago', options: { now: clock(-15) }, python: 200, ajwtd: 200 },
  { name: 'signed 21 s ago', options: { now: clock(-21) }, python: 401, ajwtd: 401 },
  { name: 'dated 15 s ahead', options: { now: clock(15) }, python: 200, ajwtd: 200 },
  { name: 'dated 21 s ahead', options: { now: clock(21) }, python: 401, ajwtd: 401 },
  { name: 'signed with another key', otherKey: true, python: 401, ajwtd: 401 },
  { name: 'unknown user', options: { username: 'nobody' }, python: 401, ajwtd: 401 },
  {
    name: 'bound to this request',
    options: { bind: { aud: SERVICE, htm: 'GET', target: TARGET } },
    python: 200,
    ajwtd: 200,
  },
  { name: 'bound to another path', options: { bind: { htm: 'GET', target: '/other' } }, python: 200, ajwtd: 401 },
  {
    name: 'bound to another service',
    options: { bind: { aud: 'https://other.example.com' } },
    python: 200,
    ajwtd: 401,
  },
  {
    name: 'bound to this service, with sendAudClaim',
    options: { bind: { aud: SERVICE }, sendAudClaim: true },
    python: 401,
    ajwtd: 200,
  },
];

const folder = scratch();
const KINDS = ['RSA', 'Ed25519'] as const satisfies readonly KeyKind[];
let django: DjangoServer;
let ajwtd: Ajwtd;

beforeAll(async () => {
  const files: Record<string, string> = {};
  const texts: Record<string, string> = {};
  for (const kind of KINDS) {
    files[kind] = `${await makeKey(kind, folder(kind))}.pub`;
    texts[kind] = readFileSync(files[kind], 'utf8');
    await makeKey(kind, folder(`${kind}-other`));
  }
  [django, ajwtd] = await Promise.all([
    startDjango(folder('django.db'), texts),
    startAjwtd(folder('ajwt.db'), files, '--audience', SERVICE),
  ]);
});
afterAll(() => Promise.all([django?.stop(), ajwtd?.stop()]));

async function statuses(authorization: string) {
  const [atPython, atAjwtd] = await Promise.all([
    send(django.url + TARGET, authorization),
    send(ajwtd.url + TARGET, authorization),
  ]);
  return { python: atPython.status, ajwtd: atAjwtd.status };
}

describe.each(KINDS)('responses of the Python package and ajwtd to a token of an %s key', (kind) => {
  test.each(CASES)('$name: $python and $ajwtd', async ({ options, otherKey, replay, ...expected }) => {
    const key = await PrivateKey.fromFile(folder(otherKey ? `${kind}-other` : kind));
    const authorization = await createAuthorization({ username: kind, key, ...options });
    if (replay) expect(await statuses(authorization)).toEqual({ python: 200, ajwtd: 200 });
    expect(await statuses(authorization)).toEqual({ python: expected.python, ajwtd: expected.ajwtd });
  });
});

describe('docs/INTEROP.md', () => {
  const page = readFileSync('docs/INTEROP.md', 'utf8');

  test('shows this table of responses', () => {
    const rows = CASES.map(({ name, python, ajwtd }) => `| ${name} | ${python} | ${ajwtd} |`);
    expect(page).toContain(rows.join('\n'));
  });

  test.each(globSync('test/interop/python/requirements-*.txt'))('names the versions of %s', (file) => {
    const versions = [...readFileSync(file, 'utf8').matchAll(/==([\d.]+)/g)].map(([, version]) => version as string);
    expect(versions.filter((version) => !page.includes(` ${version}`) && !page.includes(`(${version}`))).toEqual([]);
  });
});
