/** Checks the options of `ajwtd serve` before anything is opened. */
import { BlockList, isIP } from 'node:net';
import { CommandError, type Values } from 'ajwt-cli-kit';
import type { Setting } from './configuration/setting.ts';
import { type DatabaseConfig, readDatabase } from './database/config.ts';
import type { UndecidedLimits } from './gateway/undecided.ts';
import { type NoncesConfig, readNonces } from './nonces/config.ts';
import { readPrivateHosts } from './private-hosts.ts';
import {
  ACCESS_LOG_MODES,
  type AccessLogMode,
  BIND_MEMBERS,
  FORWARD_AUTH_BODIES,
  type ForwardAuthBody,
  LOG_LEVELS,
  type LogLevel,
  SERVE_OPTIONS,
} from './serve-options.ts';

/** The address of a listener. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The configuration of `ajwtd serve`. */
export interface Config {
  readonly listen: Address;
  readonly adminListen: Address | undefined;
  /** Origin by which a browser reaches the admin listener, in addition to loopback names. */
  readonly adminUrl: URL | undefined;
  readonly upstream: URL | undefined;
  /** Seconds. */
  readonly upstreamResponseTimeout: number;
  readonly database: DatabaseConfig;
  readonly nonces: NoncesConfig;
  /** Number of worker processes. */
  readonly workers: number;
  /** Seconds. */
  readonly tolerance: number;
  readonly audience: readonly string[];
  readonly require: readonly (typeof BIND_MEMBERS)[number][];
  /** Like `require`, but the requests are only reported. */
  readonly requireReport: Config['require'];
  /** Addresses and ranges, as the operator wrote them. */
  readonly trustedProxies: readonly string[];
  readonly undecided: UndecidedLimits;
  readonly isTrustedProxy: (address: string | undefined) => boolean;
  /** What the proxy sends to the forward-auth endpoint of the body. */
  readonly forwardAuthBody: ForwardAuthBody;
  readonly userHeader: string;
  readonly keyHeader: string;
  /** Hosts of JWK sets that may have private addresses. */
  readonly privateHosts: readonly string[];
  /** Files of the public keys to publish. */
  readonly serveJwks: readonly string[];
  readonly logLevel: LogLevel;
  readonly accessLog: AccessLogMode;
}

export type ServeValues = Values<typeof SERVE_OPTIONS>;
type Named = (option: keyof ServeValues & string) => string;

/** Checks all options. @throws CommandError that names the wrong option as it was given */
export function readConfig(values: ServeValues, named: Named): Config {
  const audience = values.audience;
  if (audience.includes('')) throw new CommandError(`${named('audience')}: must not be empty`);
  const userHeader = values['user-header'] ?? SERVE_OPTIONS['user-header'].default;
  const keyHeader = values['key-header'] ?? SERVE_OPTIONS['key-header'].default;
  for (const option of ['user-header', 'key-header'] as const) checkHeaderName(values[option], named(option));
  if (canonicalName(userHeader) === canonicalName(keyHeader)) {
    throw new CommandError(`${named('key-header')}: must differ from the header for the username`);
  }
  const forwardAuthBody = oneOf(
    values['forward-auth-body'] ?? SERVE_OPTIONS['forward-auth-body'].default,
    FORWARD_AUTH_BODIES,
    named('forward-auth-body'),
  );
  const nonces = readNonces(values.nonces ?? SERVE_OPTIONS.nonces.default, named('nonces'));
  return {
    listen: readAddress(values.listen ?? SERVE_OPTIONS.listen.default, named('listen')),
    adminListen:
      values['admin-listen'] === 'off'
        ? undefined
        : readAddress(values['admin-listen'] ?? SERVE_OPTIONS['admin-listen'].default, named('admin-listen')),
    upstream: values.upstream === undefined ? undefined : readOrigin(values.upstream, 'of a server', named('upstream')),
    adminUrl:
      values['admin-url'] === undefined
        ? undefined
        : readOrigin(values['admin-url'], 'of the admin listener', named('admin-url')),
    upstreamResponseTimeout: readNumber(values, 'upstream-response-timeout', named),
    database: readDatabase(values.database, named('database')),
    nonces,
    workers: readWorkers(values, nonces, named),
    tolerance: readNumber(values, 'tolerance', named),
    audience,
    require: readRequire('require', values, named),
    requireReport: readRequire('require-report', values, named),
    trustedProxies: values['trusted-proxy'],
    undecided: {
      inAll: readNumber(values, 'max-waiting', named),
      perAddress: readNumber(values, 'max-waiting-per-address', named),
    },
    isTrustedProxy: readProxies(values['trusted-proxy'], named('trusted-proxy')),
    forwardAuthBody,
    userHeader,
    keyHeader,
    privateHosts: readPrivateHosts(values['jwks-allow-private'], named('jwks-allow-private')),
    serveJwks: readFiles(values['serve-jwks'], named('serve-jwks')),
    logLevel: oneOf(values['log-level'] ?? SERVE_OPTIONS['log-level'].default, LOG_LEVELS, named('log-level')),
    accessLog: oneOf(
      values['access-log'] ?? SERVE_OPTIONS['access-log'].default,
      ACCESS_LOG_MODES,
      named('access-log'),
    ),
  };
}

function oneOf<T extends string>(value: string, names: readonly T[], option: string): T {
  const name = names.find((one) => one === value);
  if (name === undefined) throw new CommandError(`${option}: must be one of ${names.join(', ')}`);
  return name;
}

/** Parses `HOST:PORT`, `[IPv6]:PORT` or `:PORT`. */
export function readAddress(text: string, option: string): Address {
  const [, ipv6, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]*)):(\d{1,5})$/i.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) {
    throw new CommandError(`${option}: must be HOST:PORT, such as 127.0.0.1:8787, [::1]:8787 or :8787`);
  }
  return { host: ipv6 ?? (name === '' ? '::' : (name as string)), port: Number(port) };
}

function readOrigin(text: string, ofWhat: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && (url.href === `${url.origin}/` || url.href === url.origin);
  if (!isOrigin || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CommandError(`${option}: must be the origin ${ofWhat} without a path, such as http://127.0.0.1:8080`);
  }
  return url;
}

/** The options whose values are numbers. */
type NumberOption = {
  [Name in keyof typeof SERVE_OPTIONS]: (typeof SERVE_OPTIONS)[Name] extends { range: unknown } ? Name : never;
}[keyof typeof SERVE_OPTIONS];

function readNumber(values: ServeValues, name: NumberOption, named: Named): number {
  const option: Setting & { readonly default: string } = SERVE_OPTIONS[name];
  const [min, max] = option.range ?? [0, 0];
  const text = values[name] ?? option.default;
  const number = (option.isWhole ? /^\d{1,6}$/ : /^\d+(?:\.\d+)?$/).test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  const kind = option.isWhole ? 'a whole number' : 'a number of seconds';
  throw new CommandError(`${named(name)}: must be ${kind} from ${min} to ${max}`);
}

function readWorkers(values: ServeValues, nonces: NoncesConfig, named: Named): number {
  const workers = readNumber(values, 'workers', named);
  if (workers > 1 && nonces.kind === 'memory') {
    throw new CommandError(
      `${named('workers')}: with nonces in memory, every worker would accept the same token once; use --nonces database or redis://…`,
    );
  }
  return workers;
}

function readRequire(name: 'require' | 'require-report', values: ServeValues, named: Named): Config['require'] {
  const option = named(name);
  const members = values[name]
    .flatMap((text) => text.split(','))
    .map((member): Config['require'][number] => oneOf(member.trim(), BIND_MEMBERS, option));
  if (members.includes('digest') && values.upstream === undefined && values['forward-auth-body'] !== 'full') {
    throw new CommandError(
      `${option}: digest needs --upstream, or --forward-auth-body full and a proxy that sends bodies`,
    );
  }
  if (members.includes('aud') && values.audience.length === 0) {
    throw new CommandError(`${option}: aud needs --audience, the name of this service`);
  }
  return [...new Set(members)];
}

function readProxies(ranges: readonly string[], option: string): Config['isTrustedProxy'] {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const range of ranges) {
    const [, address = '', bits] = /^([\d.]+|[\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(range) ?? [];
    const version = isIP(address);
    const length = version === 4 ? 32 : 128;
    if (version === 0 || Number(bits ?? length) > length) {
      throw new CommandError(`${option}: must be an address or a range, such as 10.0.0.0/8 or ::1`);
    }
    list.addSubnet(address, Number(bits ?? length), version === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    if (address === undefined) return false;
    // A socket for IPv4 and IPv6 reports IPv4 addresses in this form (RFC 4291 §2.5.5.2).
    const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
    const version = isIP(plain);
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  };
}

function readFiles(files: readonly string[], option: string): readonly string[] {
  if (files.includes('')) throw new CommandError(`${option}: must be a file name`);
  return files;
}

/** A header name (RFC 9110 §5.6.2) without the characters that some servers convert. */
const HEADER_NAME = /^[A-Za-z][A-Za-z\d-]*$/;
/** Headers that already have a meaning. */
const RESERVED =
  /^(?:authorization|host|connection|content-.*|transfer-encoding|te|trailer|upgrade|cookie|date|expect|proxy-.*|x-request-id|traceparent|tracestate|x-forwarded-.*|x-original-.*|forwarded|keep-alive|cache-control|www-authenticate|retry-after)$/i;

function checkHeaderName(name: string | undefined, option: string): void {
  if (name === undefined || (HEADER_NAME.test(name) && !RESERVED.test(name))) return;
  throw new CommandError(`${option}: must be a custom header name, such as X-Auth-User`);
}

/**
 * Returns the same string for all header names that an application could read as one. CGI, WSGI and others ignore case, and convert
 * `-`, `_`, `.` or `~` to one another.
 */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, '-');
}
