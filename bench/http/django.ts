/** Runs the Python package on Django under gunicorn, in the environment that `npm run test:interop` makes. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { PINNED, type RunningServer } from '../programs.ts';

const GUNICORN = resolve('.cache/interop/1.3.0/bin/gunicorn');

/** Whether the environment is missing. */
export const lacksDjango = !existsSync(GUNICORN);

/** Starts one worker process with four threads, which keeps connections alive as the other servers do. */
export async function startDjango(folder: string): Promise<RunningServer> {
  const options = ['--bind', '127.0.0.1:0', '--worker-class', 'gthread', '--threads', '4', '--keep-alive', '75'];
  const [command = '', ...rest] = [...PINNED, GUNICORN, ...options, 'django_wsgi:application'];
  const child = spawn(command, rest, {
    cwd: resolve('test/interop/python'),
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      AJWT_USERS: folder,
      AJWT_DATABASE: join(folder, 'django.sqlite3'),
    },
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return { port: Number(port), child };
  }
  throw new Error('gunicorn exited before it listened');
}
