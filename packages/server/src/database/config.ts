/** Reads the option `--database`. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { CommandError } from 'ajwt-cli-kit';
import { type Encryption, readEncryption } from './encryption.ts';
import { PARAMETERS, plainName, type ServerKind, type Setting } from './parameters.ts';
import { splitUrl, type UrlParts } from './url-parts.ts';

/** An SQLite file. */
interface SqliteConfig {
  readonly kind: 'sqlite';
  /** An absolute path. */
  readonly path: string;
  /** The URL as shown in messages. */
  readonly name: string;
}

/** A database server, and how to connect to it. */
export interface ServerConfig {
  readonly kind: ServerKind;
  /** A name, an address, or a path: the Unix socket of MySQL, or the folder of the Unix socket of PostgreSQL. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly encryption: Encryption;
  /** PEM file of the CAs that may sign the server's certificate; default: the CAs that Node trusts. */
  readonly ca: string | undefined;
  /** PEM files with this client's certificate and key. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
  /** Settings of the session, in the syntax of PostgreSQL's `options`. */
  readonly options: string | undefined;
  /** The application name that PostgreSQL shows for this client. */
  readonly application: string;
  /** Whether to use channel binding, if PostgreSQL offers it. */
  readonly binding: boolean;
  /** The URL as shown in messages, without the password and the parameters. */
  readonly name: string;
}

export type DatabaseConfig = SqliteConfig | ServerConfig;

const FORMS =
  'must be sqlite:PATH, such as sqlite:/var/lib/ajwtd/ajwt.db, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE';

const KINDS: Readonly<Record<string, ServerKind>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mysql2: 'mysql',
  mariadb: 'mysql',
};

const PORTS = { postgres: 5432, mysql: 3306 } as const;

/**
 * Parses a database URL.
 *
 * @param option - the name of the option, for messages
 * @throws CommandError whose message does not repeat the value, because it may contain a password
 */
export function readDatabase(text = 'sqlite:ajwt.db', option = '--database'): DatabaseConfig {
  const path = /^sqlite:(.+)$/s.exec(text)?.[1];
  if (path !== undefined && path !== ':memory:' && !path.includes('\0')) {
    const absolute = resolve(path);
    return { kind: 'sqlite', path: absolute, name: `sqlite:${absolute}` };
  }
  const scheme = /^([a-z\d]+):\/\//i.exec(text)?.[1]?.toLowerCase() ?? '';
  const kind = Object.hasOwn(KINDS, scheme) ? KINDS[scheme] : undefined;
  if (kind === undefined) throw new CommandError(`${option}: ${FORMS}`);
  try {
    const parts = splitUrl(text);
    if (parts === undefined) throw new Error(mustName(scheme));
    return readServer(parts, kind);
  } catch (error) {
    if (error instanceof URIError) {
      throw new CommandError(`${option}: write a % of the user, password or database as %25`);
    }
    throw new CommandError(`${option}: ${(error as Error).message}`);
  }
}

/** Reads the parts of a database URL. @throws Error that says what to write instead */
function readServer(parts: UrlParts, kind: ServerKind): ServerConfig {
  // Checked first, because if a password contains an unencoded `?`, messages must not repeat the rest of it as a parameter.
  const isUserGiven = parts.user !== '' || parts.parameters.some(([name]) => plainName(name) === 'user');
  if (!isUserGiven) throw new Error(mustName(parts.scheme));
  const given = readParameters(parts, kind);
  const user = parts.user || (given.get('user') ?? '');
  const database = parts.database || (given.get('database') ?? '');
  const host = given.get('host') ?? parts.host;
  if (host.includes(',')) throw new Error('there is more than one host; name the primary, or a proxy in front of it');
  const isSocket = host.startsWith('/');
  const isHost = isSocket || isIP(host) !== 0 || /^[\w.-]+$/.test(host);
  // In PostgreSQL's protocol, a name with a NUL could add a setting.
  const isNamed = [user, database].every((name) => name !== '' && !/\p{Cc}/u.test(name));
  if (!isNamed || !isHost) throw new Error(mustName(parts.scheme));
  if (kind === 'mysql' && given.has('host') && !isSocket) throw new Error('socket must be an absolute path');
  const ownPort = given.get('port') ?? parts.port;
  const port = ownPort === '' ? PORTS[kind] : Number(ownPort);
  if (!(Number.isInteger(port) && port >= 1 && port <= 65535)) throw new Error('the port must be 1 to 65535');

  const { encryption, ca } = readEncryption({ kind, mode: given.get('mode'), ca: given.get('ca'), isSocket });
  if (kind === 'mysql' && encryption === 'verified' && isIP(host) !== 0) {
    throw new Error('ssl=verify-full needs the host name in the certificate, not an address');
  }
  const binding = given.get('binding') ?? 'prefer';
  if (!['disable', 'prefer', 'require'].includes(binding)) {
    throw new Error('channel_binding must be one of disable, prefer, require');
  }
  if (binding === 'require' && encryption !== 'verified') {
    throw new Error(
      'channel_binding=require needs sslmode=verify-full: the driver cannot require channel binding, and a verified certificate proves the same',
    );
  }
  const [cert, key] = [given.get('cert'), given.get('key')];
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error(
      "sslcert and sslkey must be given together; sslcert is the client's certificate, not the server's CA",
    );
  }
  const password = parts.password || given.get('password');
  const place = isSocket ? encodeURIComponent(host) : isIP(host) === 6 ? `[${host}]` : host;
  return {
    ...{ kind, host, port, user, database, encryption, ca, binding: binding === 'require' },
    password: password === '' ? undefined : password,
    client: cert === undefined || key === undefined ? undefined : { cert, key },
    options: given.get('options'),
    application: given.get('application') ?? 'ajwtd',
    name: `${parts.scheme}://${encodeURIComponent(user)}@${place}${ownPort === '' ? '' : `:${ownPort}`}/${encodeURIComponent(database)}`,
  };
}

/** Reads the parameters of a database URL. @throws Error that names a parameter, but never repeats any part of a password */
function readParameters({ parameters }: UrlParts, kind: ServerKind): ReadonlyMap<Setting, string> {
  const given = new Map<Setting, string>();
  for (const [name, value] of parameters) {
    const rule = PARAMETERS[kind].get(plainName(name));
    if (rule === 'ignored') continue;
    if (rule === undefined) {
      const shown = /^[a-z][\w-]{0,40}$/i.test(name) ? ` ${JSON.stringify(name)}` : '';
      throw new Error(`unknown parameter${shown}; leave it out, or see the documentation for the supported ones`);
    }
    if ('instead' in rule) {
      if ('accepts' in rule && rule.accepts.test(value)) continue;
      throw new Error(`the parameter ${name} is not supported here; ${rule.instead}`);
    }
    if (given.has(rule.sets) && rule.sets !== 'application') throw new Error(`the parameter ${name} is given twice`);
    if (!given.has(rule.sets)) given.set(rule.sets, value);
  }
  return given;
}

function mustName(scheme: string): string {
  return `must name user, host and database: ${scheme}://USER@HOST/DATABASE; in user, password and database, write / ? # @ % as %2F %3F %23 %40 %25`;
}
