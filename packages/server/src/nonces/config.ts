/** Reads the option `--nonces`. */
import { CommandError } from 'ajwt-cli-kit';

/** A Redis or Valkey server, cluster or Sentinel setup, and how to connect to it. */
export interface RedisConfig {
  readonly kind: 'redis';
  readonly mode: 'single' | 'cluster' | 'sentinel';
  /** Addresses of the server, of some nodes of the cluster, or of the sentinels. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Number of the database; 0 for a cluster, which has only one database. */
  readonly db: number;
  /** Name of the master in the configuration of the sentinels. */
  readonly master: string | undefined;
  /** URL without the password, for messages. */
  readonly name: string;
}

export type NoncesConfig = { readonly kind: 'database' } | { readonly kind: 'memory' } | RedisConfig;

const REDIS = /^(rediss?)(\+cluster|\+sentinel)?:\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/([\w.-]*))?$/;
const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 } as const;

/**
 * Reads where nonces are kept.
 *
 * @param option - the name of the option, for messages
 * @throws CommandError that does not repeat the value: it may contain a password
 */
export function readNonces(text: string, option: string): NoncesConfig {
  if (text === 'database' || text === 'memory') return { kind: text };
  const [, scheme, suffix, login, hosts, path] = REDIS.exec(text) ?? [];
  if (scheme === undefined || hosts === undefined) {
    throw new CommandError(
      `${option}: must be database, memory, redis://HOST:PORT, redis+cluster://HOST:PORT,… or redis+sentinel://HOST:PORT,…/MASTER`,
    );
  }
  const mode = suffix === '+cluster' ? 'cluster' : suffix === '+sentinel' ? 'sentinel' : 'single';
  const [username, password] = readLogin(login, option);
  return {
    kind: 'redis',
    mode,
    hosts: readHosts(hosts, mode, option),
    tls: scheme === 'rediss',
    username,
    password,
    db: mode === 'single' ? readDatabaseNumber(path, option) : 0,
    master: mode === 'sentinel' ? readMaster(path, option) : refusePath(mode, path, option),
    name: `${scheme}${suffix ?? ''}://${hosts}${path ? `/${path}` : ''}`,
  };
}

/** Reads `user:password`, `:password` or `password`, percent-encoded. */
function readLogin(login: string | undefined, option: string): [string | undefined, string | undefined] {
  if (login === undefined || login === '') return [undefined, undefined];
  try {
    const colon = login.indexOf(':');
    const username = colon > 0 ? decodeURIComponent(login.slice(0, colon)) : undefined;
    return [username, decodeURIComponent(login.slice(colon + 1))];
  } catch {
    throw new CommandError(`${option}: write a % of the user or password as %25`);
  }
}

function readHosts(text: string, mode: RedisConfig['mode'], option: string): RedisConfig['hosts'] {
  const hosts = text.split(',').map((one) => {
    const [, ipv6, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(one) ?? [];
    const host = ipv6 ?? name;
    if (host === undefined || Number(port ?? 1) > 65_535 || Number(port ?? 1) < 1) {
      throw new CommandError(
        `${option}: ${mode === 'single' ? 'must have one HOST:PORT' : 'must have HOST:PORT,HOST:PORT,…'}`,
      );
    }
    return { host, port: Number(port ?? DEFAULT_PORTS[mode]) };
  });
  if (mode === 'single' && hosts.length > 1) {
    throw new CommandError(`${option}: several hosts need redis+cluster:// or redis+sentinel://`);
  }
  return hosts;
}

function readDatabaseNumber(path: string | undefined, option: string): number {
  if (path === undefined || path === '') return 0;
  if (/^\d{1,4}$/.test(path)) return Number(path);
  throw new CommandError(`${option}: the path must be the number of a database`);
}

function readMaster(path: string | undefined, option: string): string {
  if (path !== undefined && path !== '') return path;
  throw new CommandError(
    `${option}: must end with the name of the master that the sentinels monitor, such as /mymaster`,
  );
}

function refusePath(mode: RedisConfig['mode'], path: string | undefined, option: string): undefined {
  if (mode === 'cluster' && path !== undefined && path !== '') {
    throw new CommandError(`${option}: a cluster has no database numbers; leave /${path} out`);
  }
  return undefined;
}
