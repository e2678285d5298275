/** Where users and keys are, as it is written on the command line. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { CommandError } from 'asymmetric-jwt-auth/internal/command-line';

/** A file of SQLite. */
interface SqliteConfig {
  readonly kind: 'sqlite';
  /** Absolute path. */
  readonly path: string;
  /** For people. */
  readonly name: string;
}

/** How a connection is encrypted: not at all, without a look at the certificate, or only to the host that it names. */
type Encryption = 'none' | 'unverified' | 'verified';

/** A database server, and how to reach it. */
export interface ServerConfig {
  readonly kind: 'postgres' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly encryption: Encryption;
  /** PEM file of the certificates that the server's own may be signed with; default those of Node. */
  readonly ca: string | undefined;
  /** For people: without the password. */
  readonly name: string;
}

export type DatabaseConfig = SqliteConfig | ServerConfig;

const FORMS =
  'must be sqlite:PATH, such as sqlite:/var/lib/ajwtd/ajwt.db, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE';

/** What the parameters of a URL are called, as the drivers and tools of each database call them. */
const SERVERS = {
  postgres: {
    port: 5432,
    mode: 'sslmode',
    ca: 'sslrootcert',
    modes: { disable: 'none', require: 'unverified', 'verify-full': 'verified' },
  },
  mysql: {
    port: 3306,
    mode: 'ssl',
    ca: 'sslca',
    modes: { disable: 'none', require: 'unverified', 'verify-full': 'verified' },
  },
} as const satisfies Record<ServerConfig['kind'], unknown>;

const SCHEMES: Readonly<Record<string, ServerConfig['kind']>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
};

/**
 * @param option - how it was given
 * @throws CommandError; the text is not repeated, as there may be a password in it
 */
export function readDatabase(text = 'sqlite:ajwt.db', option = '--database'): DatabaseConfig {
  const path = /^sqlite:(.+)$/s.exec(text)?.[1];
  if (path !== undefined && path !== ':memory:' && !path.includes('\0')) {
    const absolute = resolve(path);
    return { kind: 'sqlite', path: absolute, name: `sqlite:${absolute}` };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const kind = SCHEMES[url?.protocol ?? ''];
  if (url === undefined || kind === undefined) throw new CommandError(`${option}: ${FORMS}`);
  return readServer(url, kind, option);
}

function readServer(url: URL, kind: ServerConfig['kind'], option: string): ServerConfig {
  const { port, mode, ca, modes } = SERVERS[kind];
  const user = decode(url.username, option);
  const database = decode(url.pathname.replace(/^\//, ''), option);
  if (url.hostname === '' || user === '' || database === '' || url.hash !== '') {
    throw new CommandError(`${option}: must name user, host and database: ${url.protocol}//USER@HOST/DATABASE`);
  }
  for (const name of url.searchParams.keys()) {
    if (name !== mode && name !== ca) {
      throw new CommandError(`${option}: unknown parameter ${JSON.stringify(name)}; there are ${mode} and ${ca}`);
    }
  }
  const wanted = url.searchParams.get(mode) ?? 'disable';
  if (!Object.hasOwn(modes, wanted)) {
    throw new CommandError(`${option}: ${mode} must be one of ${Object.keys(modes).join(', ')}`);
  }
  const encryption = modes[wanted as keyof typeof modes];
  if (url.searchParams.has(ca) && encryption !== 'verified') {
    throw new CommandError(`${option}: ${ca} needs ${mode}=verify-full, or nobody looks at the certificate`);
  }
  if (kind === 'mysql' && encryption === 'verified' && isIP(url.hostname.replace(/^\[(.*)\]$/, '$1')) !== 0) {
    throw new CommandError(`${option}: ${mode}=verify-full needs the name of the host, as its certificate has it`);
  }
  return {
    kind,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? port : Number(url.port),
    user,
    password: url.password === '' ? undefined : decode(url.password, option),
    database,
    encryption,
    ca: url.searchParams.get(ca) ?? undefined,
    name: `${url.protocol}//${url.username}@${url.host}${url.pathname}`,
  };
}

function decode(text: string, option: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new CommandError(`${option}: write a % of the user, password or database as %25`);
  }
}
