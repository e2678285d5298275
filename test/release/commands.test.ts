/** The command of the packed library, run by the names in `bin` of package.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, mustRun, run } from 'ajwt-testkit/run';
import { scratch } from 'ajwt-testkit/scratch';
import { expect, inject, test } from 'vitest';

const file = scratch();
const { project } = inject('packed');
const { bin, version } = JSON.parse(readFileSync('packages/lib/package.json', 'utf8'));

test('the packed library has the command ajwt and, for npx, a command with the name of the package', () => {
  expect(Object.keys(bin)).toEqual(['ajwt', 'asymmetric-jwt-auth']);
});

test.each(Object.keys(bin))(
  '%s of the packed library can be run directly, without node on the command line',
  async (name) => {
    const command = join(project, 'node_modules/.bin', name);
    expect(await mustRun(command, ['--version'])).toBe(`ajwt ${version}\n`);

    await mustRun(command, ['keygen', '--out', file(`${name}-key`)]);
    const env = environment({ AJWT_USER: 'guido', AJWT_KEY: file(`${name}-key`) });
    const token = await mustRun(command, ['token'], { env });
    const { code, stdout } = await run(command, ['explain', '--pubkey', file(`${name}-key.pub`), token], { env });
    expect([code, stdout]).toEqual([0, expect.stringContaining('signature    pass')]);
    expect(await run(command, ['fetch', 'http://127.0.0.1:1/'], { env })).toMatchObject({ code: 7 });
  },
);
