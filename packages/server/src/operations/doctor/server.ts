/** Looks at the running server through its admin listener. */
import type { Address, Config } from '../../config.ts';
import { isLoopback } from './configuration.ts';
import { type Finding, findingsOf } from './finding.ts';
import { send } from './http.ts';

const { ok, hint, warning, problem } = findingsOf('server');

export async function checkServer({ adminListen }: Config): Promise<readonly Finding[]> {
  if (adminListen === undefined) {
    const what = '--admin-listen off: nobody can ask the server whether it is ready';
    return [hint(what, 'let it listen on 127.0.0.1, which only this machine can reach')];
  }
  return [...exposure(adminListen), ...(await readiness(adminListen))];
}

function exposure({ host }: Address): readonly Finding[] {
  if (isLoopback(host)) return [];
  const what = `--admin-listen ${host}: other machines can reach the admin listener, which needs no password`;
  return [warning(what, 'listen on 127.0.0.1, or let a firewall admit only your monitoring')];
}

async function readiness(adminListen: Address): Promise<readonly Finding[]> {
  const origin = adminOrigin(adminListen);
  if (origin === undefined) return [];
  const todo = 'start it with the same options, or pass the options that it was started with';
  const answer = await send(new URL('/readyz', origin), {});
  if (!answer.ok) return [hint(`no server responds at ${origin}: ${answer.why}`, todo)];
  const { status, body } = answer;
  if (status === 200) return [ok('the server runs, and is ready')];
  const { ready, reason } = read(body);
  if (ready !== false) return [warning(`something other than ajwtd responds at ${origin} (status ${status})`, todo)];
  return [problem(`the server is not ready: ${reason}`, 'until this is corrected, callers get a 503')];
}

function read(body: string): { readonly ready?: unknown; readonly reason?: unknown } {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

/** Returns the URL of the admin listener, as this machine can reach it; `undefined` for a port that the system chooses. */
export function adminOrigin({ host, port }: Address): URL | undefined {
  if (port === 0) return undefined;
  const own = host === '::' ? '[::1]' : host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return new URL(`http://${own}:${port}`);
}
