/** A real Django site, whose users and keys a test changes while it runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { environment } from 'ajwt-testkit/run';
import { pythonCommand } from './python.ts';

/** A running site. */
export interface DjangoSite {
  readonly url: string;
  /** Calls a function of python/django_site.py by name. */
  do<Answer = null>(word: string, ...words: readonly unknown[]): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * Makes the tables with Django's `migrate`, and starts the site.
 *
 * @param database - an entry for Django's DATABASES
 * @param migration - the last migration of the package to apply; default all
 * @param authority - PEM file of the certificates that the site trusts when it fetches JWK sets
 */
export async function startSite(
  database: Readonly<Record<string, unknown>>,
  migration = '-',
  authority = '',
): Promise<DjangoSite> {
  const [command, ...words] = pythonCommand('1.3.0', 'django_site.py', JSON.stringify(database), migration);
  const env = environment(authority === '' ? {} : { SSL_CERT_FILE: authority });
  const child = spawn(command, words, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Django site exited');
    return JSON.parse(value);
  };
  const { url } = await next();
  return {
    url,
    async do(...line) {
      child.stdin.write(`${JSON.stringify(line)}\n`);
      return next();
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}
