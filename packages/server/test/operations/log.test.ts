import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lineForPeople } from '../../src/operations/log.ts';

test('a human-readable line has the time, the level, the message and then the other members', () => {
  const json =
    '{"level":"info","time":"2026-11-25T03:32:54.846Z","reason":"replayed","username":"a b","msg":"Used before."}\n';
  const plain = (_style: string, text: string) => text;
  expect(lineForPeople(json, plain)).toBe('03:32:54 info  Used before. reason=replayed username="a b"\n');
});

test.skipIf(!existsSync('/dev/full'))('if the disk is full, logging neither throws nor ends the process', () => {
  const full = openSync('/dev/full', 'w');
  const script = `
    import { createLog } from ${JSON.stringify(new URL('../../src/operations/log.ts', import.meta.url).href)};
    const log = createLog('info');
    for (let line = 0; line < 30_000; line++) log.info({ line }, 'a line of a log that cannot be written anywhere');
    setTimeout(() => process.stderr.write('alive'), 10);`;
  const words = ['--conditions=source', '--input-type=module', '-e', script];
  const { status, stderr } = spawnSync(process.execPath, words, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
  closeSync(full);
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'alive' });
});
