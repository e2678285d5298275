/** Runs a Worker in Cloudflare's workerd. `scripts/install-test-tools.ts` installs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const VERSION = '1.20261117.1';
/** Until 2026-08-04, workerd needs the flag `nodejs_compat`, which most Workers in use set. */
const COMPATIBILITY_DATE = '2026-08-03';

const folder = resolve(import.meta.dirname, '../../../.cache/runtimes', `workerd-${VERSION}`);
const cpu = process.arch === 'x64' ? '64' : process.arch;
const program = resolve(folder, 'node_modules/@cloudflare', `workerd-${process.platform}-${cpu}`, 'bin/workerd');

/** The installation. Tests are skipped if it is missing; `npm run test:all` skips none. */
export const WORKERD = {
  version: VERSION,
  folder,
  program,
  isMissing: process.env.AJWT_TEST_ALL === undefined && !existsSync(program),
} as const;

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = ["nodejs_compat"],
);
`;

/** A running Worker. */
export interface Worker {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a Worker. @param code - an ES module with a default export */
export async function startWorker(code: string): Promise<Worker> {
  const files = await mkdtemp(join(tmpdir(), 'ajwt-workerd-'));
  await writeFile(join(files, 'worker.js'), code);
  await writeFile(join(files, 'config.capnp'), CONFIG);
  const child = spawn(program, ['serve', '--control-fd=3', join(files, 'config.capnp')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdio[3] as Readable });
  const port = await new Promise<number>((resolve, reject) => {
    lines.on('line', (line) => {
      const event = JSON.parse(line);
      if (event.event === 'listen') resolve(event.port);
    });
    ended.then(([status]) => reject(new Error(`workerd ended with ${status}`)), reject);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.kill();
      await ended;
      await rm(files, { recursive: true });
    },
  };
}
