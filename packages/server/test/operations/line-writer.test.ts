import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { scratch } from 'ajwt-testkit/ajwtd';
import { mustRun } from 'ajwt-testkit/run';
import { afterAll, expect, test } from 'vitest';
import { lineWriter } from '../../src/operations/line-writer.ts';

const inFolder = await scratch();
const open: number[] = [];
afterAll(() => open.forEach(closeSync));

function openFile(path: string, flags: number | string): number {
  const fd = openSync(path, flags);
  open.push(fd);
  return fd;
}

/** Opens a pipe with both ends in this process. Writing to it fails with EAGAIN when it is full. */
async function openPipe(name: string): Promise<number> {
  const path = inFolder(name);
  await mustRun('mkfifo', [path]);
  const { O_RDWR, O_NONBLOCK } = (await import('node:fs')).constants;
  return openFile(path, O_RDWR | O_NONBLOCK);
}

function fill(pipe: number): void {
  const bytes = Buffer.alloc(64 * 1024, '\n');
  try {
    for (;;) writeSync(pipe, bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}\n`);

test('lines are written in order, some together', async () => {
  const path = inFolder('in-order');
  const writer = lineWriter(openFile(path, 'a'));
  for (const line of numbered(5000)) writer.write(line);
  await writer.flush();
  expect(readFileSync(path, 'utf8')).toBe(numbered(5000).join(''));
  expect(writer.dropped).toBe(0);
});

test('a single line is written within a tenth of a second', async () => {
  const path = inFolder('single');
  const writer = lineWriter(openFile(path, 'a'));
  writer.write('line\n');
  expect(readFileSync(path, 'utf8')).toBe('');
  await expect.poll(() => readFileSync(path, 'utf8'), { interval: 10 }).toBe('line\n');
});

test('waiting lines are written before the process exits', () => {
  const path = inFolder('exit');
  const writer = lineWriter(openFile(path, 'a'));
  writer.write('one\n');
  writer.write('two\n');
  writer.flushSync();
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  writer.flushSync();
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
});

test('lines that do not fit on a full disk are dropped and counted', async () => {
  const writer = lineWriter(openFile('/dev/full', 'a'));
  for (const line of numbered(1000)) writer.write(line);
  await writer.flush();
  expect(writer.dropped).toBe(1000);
  writer.write('line\n');
  writer.flushSync();
  expect(writer.dropped).toBe(1001);
});

test('while nobody reads a pipe, a limited number of lines waits, and the others are dropped and reported later', async () => {
  const fd = await openPipe('stalled');
  const reported: number[] = [];
  const writer = lineWriter(fd, { maxWaiting: 20_000, onDropped: (lines) => reported.push(lines) });
  const bytes = Buffer.alloc(64 * 1024);
  fill(fd);
  const line = `${'x'.repeat(99)}\n`;
  for (let count = 0; count < 1000; count++) writer.write(line);
  const { dropped } = writer;
  // The batch that is being written does not count as waiting.
  expect(dropped).toBeGreaterThanOrEqual(1000 - 240);
  expect(dropped).toBeLessThanOrEqual(1000 - 200);
  const flushed = writer.flush();
  let received = '';
  const reader = setInterval(() => {
    try {
      received += bytes.toString('latin1', 0, readSync(fd, bytes));
    } catch {
      // The pipe is empty.
    }
  }, 5);
  await flushed;
  await expect.poll(() => received.replace(/^\n+/, '').length).toBe((1000 - dropped) * 100);
  clearInterval(reader);
  expect(writer.dropped).toBe(dropped);
  expect(reported).toEqual([dropped]);
});

test('a process that exits does not wait long for a pipe that nobody reads', async () => {
  const fd = await openPipe('exit-stalled');
  const writer = lineWriter(fd);
  fill(fd);
  for (const line of numbered(10_000)) writer.write(line);
  const start = performance.now();
  await writer.flush();
  writer.flushSync();
  expect(performance.now() - start).toBeLessThan(5000);
  expect(writer.dropped).toBeGreaterThan(9000);
});

test('lines of several processes are not mixed in one pipe', async () => {
  const module = new URL('../../src/operations/line-writer.ts', import.meta.url).href;
  const program = `
    import { lineWriter } from '${module}';
    const writer = lineWriter(1);
    for (let count = 0; count < 2000; count++) {
      writer.write(process.argv[1].repeat(150 + count % 200) + '\\n');
      if (count % 50 === 0) await writer.flush();
    }
    await writer.flush();`;
  // The reader is slow at first, so that the pipe is full.
  const shell = `(for name in a b c; do "$0" --input-type=module --eval "$1" $name & done; wait) | (sleep 0.5; cat)`;
  const lines = (await mustRun('sh', ['-c', shell, process.execPath, program])).split('\n').filter(Boolean);
  expect(lines).toHaveLength(6000);
  expect(lines.filter((line) => !/^(a+|b+|c+)$/.test(line))).toEqual([]);
});
