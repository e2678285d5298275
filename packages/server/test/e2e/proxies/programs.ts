/** The proxies of docs/PROXIES.md: their programs, how to run each recipe, and what each proxy does with requests. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from 'ajwt-testkit/servers/process';

/** Returns a code block of docs/PROXIES.md with the ports of a test. */
type Recipe = (name: string) => string;

export interface ProxyProgram {
  readonly name: string;
  /** The program's path, if the program is installed. */
  readonly program: string | undefined;
  readonly words: readonly string[];
  /** Returns its configuration files: the recipe, inside a minimal configuration. */
  files(recipe: Recipe, port: number): Readonly<Record<string, string>>;
  /** Forged identity headers that the proxy passes to ajwtd. For all others, it removes the header or refuses the request. */
  readonly shows: readonly string[];
  /** The status that clients get while ajwtd does not respond. */
  readonly whenDown: number;
  /** Number of forward-auth requests that it sends if a response of ajwtd is lost on a reused connection. */
  readonly asks: number;
  /** The signal that stops the proxy. nginx needs SIGTERM so that it can stop its worker. */
  readonly signal: NodeJS.Signals;
}

const UNDERSCORES = ['X_Auth_User', 'x-auth_KEY'];
const DOTS = ['X.Auth.User', 'X-Auth.User', 'X_Auth.User'];
const OTHERS = ['X~Auth~User', 'x!auth-user'];
export const IMITATIONS = [...UNDERSCORES, ...DOTS, ...OTHERS];

/** Finds a program that scripts/test-all.sh installed from PyPI, and ignores the system's version. */
function installed(name: string): string | undefined {
  const path = join(process.cwd(), '.cache/proxies/bin', name);
  return existsSync(path) ? path : undefined;
}

const nginx: ProxyProgram = {
  name: 'nginx',
  program: findProgram('nginx', ['/usr/sbin']),
  words: ['-p', '.', '-c', 'nginx.conf', '-e', 'stderr'],
  files: (recipe, port) => ({ 'nginx.conf': aroundNginx(recipe('nginx.conf'), port) }),
  shows: [],
  whenDown: 503,
  asks: 1,
  signal: 'SIGTERM',
};

function aroundNginx(locations: string, port: number, settings = ''): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `${user} daemon off; worker_processes 1; pid nginx.pid; error_log stderr;
events {}
http {
access_log off; large_client_header_buffers 4 8k;
client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
${settings}
server {
listen 127.0.0.1:${port};
${locations}
}
}`;
}

const caddy: ProxyProgram = {
  name: 'Caddy',
  program: installed('caddy'),
  words: ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
  files: (recipe, port) => ({ Caddyfile: aroundCaddy(recipe('Caddyfile'), port) }),
  shows: OTHERS,
  whenDown: 502,
  asks: 2,
  signal: 'SIGKILL',
};

function aroundCaddy(directives: string, port: number): string {
  return `{\nadmin off\n}\nhttp://:${port} {\nbind 127.0.0.1\n${directives}}\n`;
}

/** Debian's old version of Caddy forwards X_Auth_User. This test is skipped on systems with a newer version. */
function olderCaddy(): readonly ProxyProgram[] {
  const program = findProgram('caddy', []);
  const version = program === undefined ? '' : spawnSync(program, ['version'], { encoding: 'utf8' }).stdout;
  const [, minor = 0] = /^v?2\.(\d+)/.exec(version) ?? [];
  return Number(minor) >= 11 ? [] : [{ ...caddy, name: 'Caddy before 2.11', program, shows: IMITATIONS }];
}

export const PROXIES: readonly ProxyProgram[] = [
  nginx,
  {
    ...nginx,
    name: 'nginx that forwards every header, sends absolute URLs and uses two ajwtd servers',
    files(recipe, port) {
      // As in ingress-nginx.
      const target = 'X-Original-URL $scheme://$http_host$request_uri';
      const origin = /proxy_pass http:\/\/(127\.0\.0\.1:\d+);/;
      const [, ajwtd] = origin.exec(recipe('nginx.conf')) ?? [];
      const upstream = `upstream two { server ${ajwtd} max_fails=0; server ${ajwtd} max_fails=0; keepalive 4; }`;
      const settings = `underscores_in_headers on; ignore_invalid_headers off; ${upstream}`;
      const locations = recipe('nginx.conf')
        .replace(origin, 'proxy_pass http://two;')
        .replace('X-Original-URI $request_uri', () => target);
      return { 'nginx.conf': aroundNginx(locations, port, settings) };
    },
    shows: IMITATIONS,
  },
  ...olderCaddy(),
  caddy,
  {
    ...caddy,
    name: 'Caddy with a new connection for each forward-auth request',
    files(recipe, port) {
      const option = 'uri /.ajwt/auth\n  transport http {\n    keepalive off\n  }';
      return { Caddyfile: aroundCaddy(recipe('Caddyfile').replace('uri /.ajwt/auth', option), port) };
    },
    asks: 1,
  },
  {
    name: 'HAProxy',
    program: findProgram('haproxy', ['/usr/sbin']),
    words: ['-db', '-f', 'haproxy.cfg'],
    files: (recipe) => ({ 'haproxy.cfg': recipe('haproxy.cfg'), 'ajwt.lua': recipe('ajwt.lua') }),
    shows: [],
    whenDown: 503,
    asks: 1,
    signal: 'SIGKILL',
  },
  {
    name: 'Envoy',
    program: installed('envoy'),
    words: ['-c', 'envoy.yaml', '--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'warning'],
    files: (recipe) => ({ 'envoy.yaml': recipe('envoy.yaml') }),
    shows: [],
    whenDown: 503,
    asks: 1,
    signal: 'SIGKILL',
  },
  {
    name: 'Traefik',
    program: installed('traefik'),
    words: ['--configFile=traefik.yml'],
    files: (recipe) => ({ 'traefik.yml': recipe('traefik.yml'), 'ajwt.yml': recipe('ajwt.yml') }),
    shows: [...DOTS.filter((name) => !name.includes('_')), ...OTHERS],
    whenDown: 500,
    asks: 2,
    signal: 'SIGKILL',
  },
];
