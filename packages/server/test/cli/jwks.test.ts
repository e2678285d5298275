/** `ajwtd jwks`: manages the JWK sets that are trusted for users. */
import type { Outcome } from 'ajwt-testkit/ajwt';
import { ajwtd, scratch } from 'ajwt-testkit/ajwtd';
import { beforeEach, describe, expect, test } from 'vitest';

const file = scratch();
const SET = 'https://acme.example/.well-known/jwks.json';
let count = 0;
let database = '';
beforeEach(() => {
  database = file(`${++count}.db`);
});

function run(line: string, env: Record<string, string> = {}): Promise<Outcome> {
  return ajwtd(line.split(' '), { env: { AJWTD_DATABASE: `sqlite:${database}`, ...env } });
}

async function json(line: string): Promise<unknown> {
  return JSON.parse((await run(`${line} --json`)).stdout);
}

describe('ajwtd jwks', () => {
  test('adds, lists and removes JWK sets', async () => {
    expect((await run('jwks list')).stderr).toMatch(
      /^created .*\nno JWK sets yet; add one with `ajwtd jwks add USER URL`/,
    );
    expect(await run(`jwks add acme ${SET}#fragment`)).toMatchObject({
      code: 0,
      stdout: `${SET}\n`,
      stderr: 'acme was added\nthis JWK set is now trusted for acme\n',
    });
    expect(await run(`jwks add acme ${SET}`)).toMatchObject({
      stderr: 'this JWK set is already trusted for acme\n',
    });
    await run('jwks add globex https://globex.example/jwks.json');
    const added = { username: 'acme', url: SET, created: expect.stringMatching(/Z$/) };
    expect(await json('jwks list acme')).toEqual([added]);
    expect(await json('jwks list')).toMatchObject([{ username: 'acme' }, { username: 'globex' }]);
    expect((await run('jwks list')).stdout).toMatch(
      /^USER +JWK SET +CREATED\nacme +https:\S+ +\d{4}-\d\d-\d\d\nglobex /,
    );
    expect(await json('user show acme')).toMatchObject({ username: 'acme', keys: [], keySets: [added] });
    expect((await run('user show acme')).stdout).toContain(SET);

    const removed = await run(`jwks remove acme ${SET}`);
    expect([removed.code, removed.stderr]).toEqual([0, 'this JWK set is no longer trusted for acme\n']);
    expect(await json('jwks list acme')).toEqual([]);
    expect(await json('audit acme')).toMatchObject([
      { action: 'user.add' },
      { action: 'jwks.add', details: { url: SET } },
      { action: 'jwks.remove', details: { url: SET } },
    ]);
  });

  test.each([
    ['add acme http://acme.example/jwks.json', /is not an https URL/],
    ['add acme https://u:secret@acme.example/jwks.json', /has a user name, a password, a backslash/],
    ['add acme https://acme.example\\@10.0.0.1/jwks.json', /has a user name, a password, a backslash/],
    ['add acme https://10.0.0.1/jwks.json', /not public; to allow it, pass --jwks-allow-private/],
    ['add acme https://[::1]/jwks.json', /not public/],
    [`add acme ${SET} --jwks-allow-private a:1`, /--jwks-allow-private: must be a host name or IP address/],
    ['add acme', /URL is missing/],
    [`remove acme ${SET}`, /there is no user "acme"/],
    ['list acme', /there is no user "acme"/],
  ])('refuses %s', async (words, why) => {
    const { code, stdout, stderr } = await run(`jwks ${words}`);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(why);
    expect(stderr).not.toContain('secret');
  });

  test('accepts private addresses that an option or environment variable allows', async () => {
    expect((await run('jwks add a https://10.0.0.1/ --jwks-allow-private 10.0.0.1')).code).toBe(0);
    const env = { AJWTD_JWKS_ALLOW_PRIVATE: '10.0.0.2,[::1]' };
    for (const url of ['https://10.0.0.2/', 'https://[::1]/']) {
      expect((await run(`jwks add a ${url}`, env)).code).toBe(0);
    }
    expect(await json('jwks list a')).toHaveLength(3);
  });
});
