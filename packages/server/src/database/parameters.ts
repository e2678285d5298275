/** Parameters of database URLs, as written by database tools, drivers and hosting providers. */

/** Kinds of database servers. */
export type ServerKind = 'postgres' | 'mysql';

/** The setting that a parameter changes. */
export type Setting =
  | ('user' | 'password' | 'host' | 'port' | 'database')
  | ('mode' | 'ca' | 'cert' | 'key' | 'options' | 'application' | 'binding');

/** How a parameter is read: the setting that it changes, the values that change nothing, or what to write instead. */
export type Rule =
  | { readonly sets: Setting }
  | { readonly accepts: RegExp; readonly instead: string }
  | { readonly instead: string }
  | 'ignored';

/** Returns a name in lower case and without `-` and `_`, to compare it with others. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

const rules = (rule: Rule, ...names: readonly string[]) => names.map((name) => [plainName(name), rule] as const);

const POSTGRES = new Map<string, Rule>([
  ...(['user', 'password', 'host', 'port', 'options'] as const).flatMap((name) => rules({ sets: name }, name)),
  ...rules({ sets: 'database' }, 'dbname'),
  ...rules({ sets: 'mode' }, 'sslmode'),
  ...rules({ sets: 'ca' }, 'sslrootcert'),
  ...rules({ sets: 'cert' }, 'sslcert'),
  ...rules({ sets: 'key' }, 'sslkey'),
  ...rules({ sets: 'application' }, 'application_name', 'fallback_application_name'),
  ...rules({ sets: 'binding' }, 'channel_binding'),
  ...rules({ instead: 'write sslmode=require or sslmode=verify-full' }, 'ssl'),
  ...rules({ accepts: /^accept_invalid_certs$/, instead: 'write sslmode=verify-full' }, 'sslaccept'),
  ...rules({ instead: 'use a key file without a passphrase' }, 'sslpassword'),
  ...rules({ accepts: /^postgres$/, instead: 'leave it out' }, 'sslnegotiation'),
  ...rules({ accepts: /^(disable|prefer)$/, instead: 'leave it out; GSSAPI is not supported' }, 'gssencmode'),
  ...rules(
    { accepts: /^(any|read-write|primary)$/, instead: 'write read-write: ajwtd needs the primary' },
    'target_session_attrs',
  ),
  ...rules({ accepts: /^public$/, instead: 'write options=-csearch_path%3DNAME' }, 'schema', 'currentSchema'),
  ...rules({ accepts: /^(utf-?8|unicode|auto)$/i, instead: 'leave it out; UTF-8 is used' }, 'client_encoding'),
  ...rules({ instead: 'give the address as the host' }, 'hostaddr'),
  ...rules('ignored', 'connect_timeout', 'tcp_user_timeout', 'keepalives', 'keepalives_idle', 'keepalives_interval'),
  ...rules('ignored', 'keepalives_count', 'sslsni', 'sslcompression', 'load_balance_hosts', 'uselibpqcompat', 'supa'),
  // Parameters of Prisma and JDBC.
  ...rules('ignored', 'pgbouncer', 'connection_limit', 'pool_timeout', 'socket_timeout', 'statement_cache_size'),
  ...rules('ignored', 'max_idle_connection_lifetime', 'prepareThreshold'),
]);

const MYSQL = new Map<string, Rule>([
  ...rules({ sets: 'mode' }, 'ssl', 'ssl-mode'),
  ...rules({ sets: 'ca' }, 'ssl-ca'),
  ...rules({ sets: 'cert' }, 'ssl-cert'),
  ...rules({ sets: 'key' }, 'ssl-key'),
  ...rules({ sets: 'host' }, 'socket', 'unix-socket', 'socketPath'),
  ...rules({ accepts: /^accept_invalid_certs$/, instead: 'write ssl=verify-full' }, 'sslaccept'),
  ...rules(
    { instead: 'write ssl=require or ssl=verify-full' },
    ...['tls', 'useSSL', 'requireSSL', 'verifyServerCertificate'],
  ),
  ...rules({ instead: 'use a key file without a passphrase' }, 'sslpassword'),
  ...rules({ accepts: /^utf8mb4/i, instead: 'leave it out; utf8mb4 is used' }, 'charset', 'collation'),
  ...rules('ignored', 'reconnect', 'autoReconnect', 'timezone', 'serverTimezone', 'allowPublicKeyRetrieval'),
  ...rules('ignored', 'useUnicode', 'characterEncoding', 'parseTime', 'loc', 'connectTimeout', 'connect_timeout'),
  ...rules('ignored', 'connection_limit', 'pool_timeout', 'socket_timeout', 'statement_cache_size'),
]);

export const PARAMETERS: Readonly<Record<ServerKind, ReadonlyMap<string, Rule>>> = {
  postgres: POSTGRES,
  mysql: MYSQL,
};
