/** The built program, called by the names in `bin` of package.json. */
import { readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scratch } from 'ajwt-testkit/ajwt';
import { environment, mustRun, run } from 'ajwt-testkit/run';
import { beforeAll, expect, test } from 'vitest';

const file = scratch();
const { bin, version } = JSON.parse(readFileSync('packages/lib/package.json', 'utf8'));

beforeAll(async () => {
  await mustRun(process.execPath, ['packages/lib/build.ts', file('dist')]);
});

test('the commands are ajwt and, for npx, the name of the package', () => {
  expect(Object.keys(bin)).toEqual(['ajwt', 'asymmetric-jwt-auth']);
});

test.each(Object.entries<string>(bin))('%s starts without node on the command line, and works', async (name, path) => {
  // npm does the same on installation.
  const target = join(dirname(file('package.json')), path);
  symlinkSync(target, file(name));
  expect(await mustRun(file(name), ['--version'])).toBe(`ajwt ${version}\n`);

  await mustRun(file(name), ['keygen', '--out', file(`${name}-key`)]);
  const env = environment({ AJWT_USER: 'guido', AJWT_KEY: file(`${name}-key`) });
  const token = await mustRun(file(name), ['token'], { env });
  const { code, stdout } = await run(file(name), ['explain', '--pubkey', file(`${name}-key.pub`), token], { env });
  expect([code, stdout]).toEqual([0, expect.stringContaining('signature    pass')]);
  expect(await run(file(name), ['fetch', 'http://127.0.0.1:1/'], { env })).toMatchObject({ code: 7 });
});
