/** Each project in `examples` can be installed with the packed library, built and started, and authenticates requests. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
import { createAuthorization } from 'asymmetric-jwt-auth/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { EXAMPLES, installExamples, type Readme, type Running, readReadme, startExample } from './example-projects.ts';
import { FURTHER_CHECKS } from './further-checks.ts';

const { library } = inject('packed');
// The frameworks are several hundred megabytes, most of them compilers of Next.js.
const isLeftOut = process.env.AJWT_TEST_ALL === undefined;

const note = isLeftOut ? ' (npm run test:all installs their frameworks)' : '';
// The build of Next.js takes a multiple of its usual 20 seconds if other tests need the processors.
const timeout = 300_000;

describe.skipIf(isLeftOut)(`the examples${note}`, { timeout }, () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ajwt-examples-'));
    await installExamples(folder, library);
  }, timeout);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.concurrent.each(EXAMPLES)('%s accepts a signed request once, and refuses all others', async (name) => {
    const project = join(folder, name);
    const readme = readReadme(name);
    const running = await startExample(project, readme);
    try {
      await checkTypes(project, running);
      expect((await running.command(readme.call)).trim()).toBe(readme.printed);
      const key = await PrivateKey.fromFile(join(project, 'guido'));
      await checkResponses(running, readme, key);
      await FURTHER_CHECKS[name]?.({
        url: running.url,
        authorization: () => createAuthorization({ username: 'guido', key }),
      });
    } finally {
      await running.stop();
    }
  });
});

/** Runs the script `check`, which most projects have. Others check their types when they are built. */
async function checkTypes(project: string, { command }: Running): Promise<void> {
  const { scripts } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
  expect(scripts.check ?? scripts.build).toContain('tsc');
  if (scripts.check !== undefined) await command('npm run check');
}

/** Sends the request of the README with several credentials, and compares each refusal with that of the authenticator. */
async function checkResponses({ url }: Running, { call, printed }: Readme, key: PrivateKey): Promise<void> {
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const reference = createAuthenticator({ keys, nonces: memoryNonceStore() });
  const [, target] = /http:\/\/127\.0\.0\.1:3000(\S+?)'?\s*$/.exec(call) as unknown as [string, string];
  const decide = (authorization: string | undefined) =>
    reference.authenticate({ authorization, method: 'GET', target });
  const send = (authorization: string | undefined) =>
    fetch(`${url}${target}`, { headers: authorization === undefined ? {} : { authorization } });

  const sign = (path: string) => createAuthorization({ username: 'guido', key, bind: { htm: 'GET', target: path } });
  const used = await sign(target);
  const accepted = await send(used);
  expect([accepted.status, (await accepted.text()).trim()]).toEqual([200, printed]);
  expect(await decide(used)).toMatchObject({ ok: true });

  const other = await PrivateKey.generate('ed25519');
  for (const [reason, authorization] of [
    ['missing', undefined],
    ['replayed', used],
    ['unknown_key', await createAuthorization({ username: 'guido', key: other })],
    ['binding_mismatch', await sign('/other')],
    ['malformed', 'JWT eyJ'],
  ] as const) {
    const expected = await decide(authorization);
    if (expected.ok) throw new Error(`${reason} must be refused`);
    const response = await send(authorization);
    const headers = Object.fromEntries(
      Object.keys(expected.headers).map((header) => [header, response.headers.get(header)]),
    );
    expect([expected.reason, response.status, headers, await response.text()]).toEqual([
      reason,
      expected.status,
      expected.headers,
      expected.body,
    ]);
  }
}
