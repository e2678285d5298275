/** Chooses the proxy for a URL, from `-x`, `--noproxy` and the environment variables of curl. */
import { BlockList, isIP } from 'node:net';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { IoStreams } from 'ajwt-cli-kit/io';
import { bareHost } from './hosts.ts';

/** A proxy. */
export interface HttpProxy {
  /** The URL of the proxy, without credentials. */
  readonly url: URL;
  /** For messages: `proxy HOST:PORT`. */
  readonly name: string;
  /** Value of the Proxy-Authorization header. */
  readonly authorization: string | undefined;
}

/**
 * Returns a function that chooses the proxy for a URL.
 *
 * @param given - value of `-x`; empty for no proxy
 * @param excluded - value of `--noproxy`, which overrides `no_proxy`
 */
export function proxyChooser(
  given: string | undefined,
  excluded: string | undefined,
  env: IoStreams['env'],
): (url: URL) => HttpProxy | undefined {
  // An empty variable counts as unset.
  const variable = (...names: readonly string[]) => names.map((name) => ({ name, value: env[name] })).find(isSet);
  const exclusions = excluded ?? variable('no_proxy', 'NO_PROXY')?.value ?? '';
  return (url) => {
    if (given === '') return undefined;
    // HTTP_PROXY in capitals is a request header in CGI programs: curl does not read it.
    const found =
      given === undefined
        ? (variable(...(url.protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy'])) ??
          variable('all_proxy', 'ALL_PROXY'))
        : { name: '-x', value: given };
    if (found === undefined || isExcluded(bareHost(url), exclusions)) return undefined;
    return readProxy(found.name, found.value as string);
  };
}

function isSet({ value }: { value: string | undefined }): boolean {
  return value !== undefined && value !== '';
}

/** Default port, as in curl. */
const PORTS: Readonly<Record<string, string>> = { 'http:': '1080', 'https:': '443' };

/** Reads the URL of a proxy. The message never repeats it, because it may contain a password. */
function readProxy(option: string, given: string): HttpProxy {
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const credentials = url && credentialsOf(url);
  if (url === undefined || url.hostname === '' || credentials === undefined)
    throw new CommandError(`${option}: not a valid proxy; write http://host:port`, 5);
  if (!Object.hasOwn(PORTS, url.protocol)) {
    throw new CommandError(`${option}: ${url.protocol}// is not supported; use an http:// or https:// proxy`, 7);
  }
  // The URL parser drops the scheme's default port.
  const port = url.port !== '' ? url.port : (/:(\d+)\/?$/.exec(text)?.[1] ?? (PORTS[url.protocol] as string));
  const bare = new URL(`${url.protocol}//${url.hostname}:${port}`);
  return {
    url: bare,
    name: `proxy ${url.hostname}:${Number(port)}`,
    authorization: credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

/** Returns `NAME:PASSWORD`, or `undefined` if their percent-encoding is not valid. */
function credentialsOf({ username, password }: URL): string | undefined {
  try {
    return [username, password].map(decodeURIComponent).join(':');
  } catch {
    return undefined;
  }
}

/** Returns whether a host matches a list of names (which include their subdomains), addresses and networks; `*` matches every host. */
export function isExcluded(host: string, list: string): boolean {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== '');
  if (list.trim() === '*') return true;
  const name = host.replace(/\.$/, '').toLowerCase();
  const family = isIP(name);
  return entries.some((entry) => {
    const wanted = entry.toLowerCase().replace(/^\[(.*)\]$/, '$1');
    if (family !== 0) return isInNetwork(name, family, wanted);
    const domain = wanted.replace(/^\./, '').replace(/\.$/, '');
    return name === domain || name.endsWith(`.${domain}`);
  });
}

function isInNetwork(address: string, family: number, network: string): boolean {
  const [base = '', prefix] = network.split('/');
  if (isIP(base) !== family) return false;
  const version = family === 4 ? 'ipv4' : 'ipv6';
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const networks = new BlockList();
  networks.addSubnet(base, bits, version);
  return networks.check(address, version);
}
