/** Starts the servers of the recipes: those of docs/REPLAY_GUARD.md, and those that follow the documentation of other libraries. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { environment } from 'ajwt-testkit/run';
import { freePort } from 'ajwt-testkit/servers/process';
import { until } from 'ajwt-testkit/servers/redis';
import { WEBHOOK_SECRET } from './recipes.ts';

const PAGE = 'docs/REPLAY_GUARD.md';
const THEIRS = resolve(import.meta.dirname, 'theirs');

/** Writes the snippets of the page to a folder, so that they run as they are, except that their ports come from the environment. */
export async function writeSnippets(folder: string): Promise<void> {
  for (const [, name = '', text = ''] of readFileSync(PAGE, 'utf8').matchAll(/^```ts ([\w.-]+)\n([\s\S]*?)^```$/gm)) {
    await writeFile(join(folder, name), text.replace(/listen\(\d+\)/, 'listen(Number(process.env.PORT))'));
  }
}

/** The guard of the page on Redis instead of SQLite. */
export const ON_REDIS = `
import { singleUse } from 'asymmetric-jwt-auth';
import { redisNonceStore } from 'asymmetric-jwt-auth/redis';
import { Redis } from 'ioredis';

const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1', { lazyConnect: true, socketTimeout: 2000 });
redis.on('error', () => {});
const nonces = redisNonceStore(redis, { tolerance: 330, deadlineMs: 2000 });
await nonces.open(Date.now() / 1000);
while (!nonces.readiness(Date.now() / 1000).ready) await new Promise((resolve) => setTimeout(resolve, 20));
export const useOnce = singleUse(nonces);
`;

/** Running servers, which end with the tests. */
export class Servers {
  readonly #children = new Set<ChildProcess>();

  /** Starts a process of our recipe in this folder. @returns its URL */
  ours(folder: string, file: string, env: Record<string, string> = {}): Promise<string> {
    return this.#start(join(folder, file), folder, env);
  }

  /** Starts a process of their recipe, which reads the keys in this folder. @returns its URL */
  theirs(folder: string, file: string, env: Record<string, string>): Promise<string> {
    return this.#start(join(THEIRS, file), folder, env);
  }

  async #start(path: string, cwd: string, env: Record<string, string>): Promise<string> {
    const port = await freePort();
    const child = spawn(process.execPath, ['--conditions=source', path], {
      cwd,
      env: environment({ PORT: `${port}`, WEBHOOK_SECRET, ...env }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#children.add(child);
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(-4000);
    });
    const url = `http://127.0.0.1:${port}`;
    await until(`${path} responds`, async () => {
      if (child.exitCode !== null) return true;
      return (await fetch(url)).status > 0;
    });
    if (child.exitCode !== null) throw new Error(`${path} ended with ${child.exitCode}:\n${errors}`);
    return url;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    this.#children.clear();
  }
}
