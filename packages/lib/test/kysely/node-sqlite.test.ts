/** If all processes that use a database were killed, the first process that opens it again recovers the log, and the others wait. */
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';

const OPENER = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(({ nodeSqliteDialect }) => {
  parentPort.on('message', (path) => {
    try {
      nodeSqliteDialect(path);
      parentPort.postMessage('open');
    } catch (error) {
      parentPort.postMessage(error.message + ' ' + error.errcode);
    }
  });
  parentPort.postMessage('ready');
});
`;

test('several processes can open a database at once after its last process was killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-recovery-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const left = join(folder, 'left.db');
  const database = new DatabaseSync(left);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x BLOB)');
  const insert = database.prepare('INSERT INTO t VALUES (zeroblob(1000000))');
  for (let count = 0; count < 30; count++) insert.run();

  const module = pathToFileURL('packages/lib/src/kysely/node-sqlite-dialect.ts').href;
  const openers = Array.from(
    { length: 3 },
    () => new Worker(OPENER, { eval: true, execArgv: ['--conditions=source'], workerData: { module } }),
  );
  const said = (worker: Worker) => new Promise((resolve) => worker.once('message', resolve));
  await Promise.all(openers.map(said));
  const outcomes: unknown[] = [];
  for (let round = 0; round < 4; round++) {
    // Copies the files, because the last process that closes a database removes its log.
    const path = join(folder, `${round}.db`);
    for (const suffix of ['', '-wal']) copyFileSync(left + suffix, path + suffix);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(25e6);
    const answers = openers.map(said);
    for (const opener of openers) opener.postMessage(path);
    outcomes.push(...(await Promise.all(answers)));
  }
  await Promise.all(openers.map((opener) => opener.terminate()));
  database.close();
  expect(outcomes).toEqual(outcomes.map(() => 'open'));
});
