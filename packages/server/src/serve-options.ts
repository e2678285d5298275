/** The options of `ajwtd serve`. The environment variables, the members of the configuration file and its schema are derived from this table. */
import type { Members } from 'ajwt-cli-kit';
import type { Setting } from './configuration/setting.ts';
import { PRIVATE_HOSTS_OPTION } from './private-hosts.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What `--require` can require. */
export const BIND_MEMBERS = ['aud', 'htm', 'target', 'digest'] as const;

export const FORWARD_AUTH_BODIES = ['none', 'full'] as const;
export type ForwardAuthBody = (typeof FORWARD_AUTH_BODIES)[number];

export const ACCESS_LOG_MODES = ['all', 'refused', 'off'] as const;
export type AccessLogMode = (typeof ACCESS_LOG_MODES)[number];

/** The options that every command with a database has. */
export const DATABASE_OPTION = {
  config: {
    type: 'string',
    value: 'FILE',
    choices: 'file',
    env: 'AJWTD_CONFIG',
    help: 'configuration file, in YAML or JSON, with values for options that are not given otherwise',
    members: async (path: string): Promise<Members> =>
      (await import('./configuration/file.ts')).readMembers(path, SERVE_OPTIONS),
  },
  database: {
    type: 'string',
    value: 'URL',
    env: 'AJWTD_DATABASE',
    secret: true,
    default: 'sqlite:ajwt.db',
    help: 'database of users and keys: sqlite:PATH, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE (default: sqlite:ajwt.db)',
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** The option with the address of the admin listener, which `ajwtd decisions` calls. */
export const ADMIN_LISTEN_OPTION = {
  'admin-listen': {
    type: 'string',
    value: 'HOST:PORT',
    env: 'AJWTD_ADMIN_LISTEN',
    default: '127.0.0.1:8788',
    help: 'address of /livez, /readyz, /metrics and /decisions (default: 127.0.0.1:8788), or off',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export const SERVE_OPTIONS = {
  listen: {
    type: 'string',
    value: 'HOST:PORT',
    env: 'AJWTD_LISTEN',
    default: '127.0.0.1:8787',
    help: 'address for requests (default: 127.0.0.1:8787); port 0 picks a free port',
  },
  ...ADMIN_LISTEN_OPTION,
  'admin-url': {
    type: 'string',
    value: 'URL',
    env: 'AJWTD_ADMIN_URL',
    help: 'origin at which a browser reaches the admin listener through a proxy; without it, only loopback names such as localhost are allowed, except for /livez, /readyz and /metrics',
  },
  upstream: {
    type: 'string',
    value: 'URL',
    env: 'AJWTD_UPSTREAM',
    help: 'act as a reverse proxy: forward authenticated requests to this origin',
  },
  'upstream-response-timeout': {
    type: 'string',
    value: 'S',
    env: 'AJWTD_UPSTREAM_RESPONSE_TIMEOUT',
    default: '60',
    range: [1, 86_400],
    reloads: true,
    help: 'seconds to wait for the response headers of the upstream after a request was sent (default: 60); then the client gets status 504',
  },
  'forward-auth-body': {
    type: 'string',
    value: 'WHICH',
    choices: FORWARD_AUTH_BODIES,
    env: 'AJWTD_FORWARD_AUTH_BODY',
    default: 'none',
    reloads: true,
    help: 'what the proxy sends to the forward-auth endpoint of the body: none, or full, up to 1 MiB; only then can tokens be bound to the digest of a body there (default: none)',
  },
  ...DATABASE_OPTION,
  nonces: {
    type: 'string',
    value: 'WHERE',
    env: 'AJWTD_NONCES',
    secret: true,
    default: 'database',
    help: 'store of used nonces: database (default), memory, redis[s]://HOST:PORT, redis+cluster://HOST:PORT,… or redis+sentinel://HOST:PORT,…/MASTER',
  },
  workers: {
    type: 'string',
    value: 'N',
    env: 'AJWTD_WORKERS',
    default: '1',
    range: [1, 128],
    isWhole: true,
    help: 'number of worker processes (default: 1); more than one cannot use --nonces memory',
  },
  tolerance: {
    type: 'string',
    value: 'S',
    env: 'AJWTD_TOLERANCE',
    default: '20',
    range: [1, 600],
    help: 'largest accepted difference between token time and server time, in seconds (default: 20)',
  },
  audience: {
    type: 'string',
    value: 'A',
    multiple: true,
    env: 'AJWTD_AUDIENCE',
    reloads: true,
    help: 'name of this service, which tokens with an audience must contain; may be repeated',
  },
  require: {
    type: 'string',
    value: 'MEMBERS',
    multiple: true,
    choices: BIND_MEMBERS,
    env: 'AJWTD_REQUIRE',
    reloads: true,
    help: 'what every token must be bound to: aud, htm, target or digest, or several, separated by commas',
  },
  'require-report': {
    type: 'string',
    value: 'MEMBERS',
    multiple: true,
    choices: BIND_MEMBERS,
    env: 'AJWTD_REQUIRE_REPORT',
    reloads: true,
    help: 'like --require, but only logs and counts the requests that it would refuse',
  },
  'max-waiting': {
    type: 'string',
    value: 'N',
    env: 'AJWTD_MAX_WAITING',
    default: '1024',
    range: [1, 999_999],
    isWhole: true,
    reloads: true,
    help: 'requests that may wait for a decision at the same time, per process (default: 1024); further requests get status 503',
  },
  'max-waiting-per-address': {
    type: 'string',
    value: 'N',
    env: 'AJWTD_MAX_WAITING_PER_ADDRESS',
    default: '256',
    range: [1, 999_999],
    isWhole: true,
    reloads: true,
    help: 'requests from one client address that may wait for a decision at the same time (default: 256); further requests get status 503',
  },
  'trusted-proxy': {
    type: 'string',
    value: 'CIDR',
    multiple: true,
    env: 'AJWTD_TRUSTED_PROXY',
    reloads: true,
    help: 'proxy whose X-Original-… and X-Forwarded-… headers are trusted; may be repeated',
  },
  'user-header': {
    type: 'string',
    value: 'NAME',
    env: 'AJWTD_USER_HEADER',
    default: 'X-Auth-User',
    reloads: true,
    help: 'header for the username (default: X-Auth-User)',
  },
  'key-header': {
    type: 'string',
    value: 'NAME',
    env: 'AJWTD_KEY_HEADER',
    default: 'X-Auth-Key',
    reloads: true,
    help: 'header for the fingerprint of the key (default: X-Auth-Key)',
  },
  ...PRIVATE_HOSTS_OPTION,
  'serve-jwks': {
    type: 'string',
    value: 'FILE',
    multiple: true,
    env: 'AJWTD_SERVE_JWKS',
    reloads: true,
    help: 'public key to publish at /.well-known/jwks.json, which is then not forwarded to the upstream; may be repeated',
  },
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    choices: LOG_LEVELS,
    env: 'AJWTD_LOG_LEVEL',
    default: 'info',
    reloads: true,
    help: `lowest level to log: ${LOG_LEVELS.join(', ')} (default: info)`,
  },
  'access-log': {
    type: 'string',
    value: 'WHICH',
    choices: ACCESS_LOG_MODES,
    env: 'AJWTD_ACCESS_LOG',
    default: 'all',
    reloads: true,
    help: 'requests to log, one line each: all, refused or off; failures of this server are always logged (default: all)',
  },
} as const satisfies Readonly<Record<string, Setting>>;
