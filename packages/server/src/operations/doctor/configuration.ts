/** Checks the settings for gaps and risks. */
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { isPublicAddress } from 'asymmetric-jwt-auth/jwks';
import type { Config } from '../../config.ts';
import { type Finding, findingsOf } from './finding.ts';
import type { Installation } from './installation.ts';

const { ok, hint, warning, problem } = findingsOf('configuration');

/** Milliseconds to wait for a connection to the application. */
const PATIENCE = 2000;

export async function checkConfiguration({ config, configFile }: Installation): Promise<readonly Finding[]> {
  return [
    ok(`the settings are valid${configFile === undefined ? '' : ` (${configFile})`}`),
    ...listener(config),
    ...binding(config),
    ...trustedProxies(config),
    ...limits(config),
    ...(await application(config)),
  ];
}

function listener({ listen, trustedProxies: proxies }: Config): readonly Finding[] {
  if (isLoopback(listen.host) || proxies.length > 0) return [];
  return [
    warning(
      `--listen ${listen.host}: other machines can connect without TLS, and no --trusted-proxy is set`,
      'put a proxy with TLS in front, and pass its address with --trusted-proxy; if the proxy is on this machine, listen on 127.0.0.1',
    ),
  ];
}

function binding({ require, requireReport, audience }: Config): readonly Finding[] {
  const findings: Finding[] = [];
  if (require.length === 0) {
    const reported = requireReport.length > 0 ? ` (${requireReport.join(',')} is only reported)` : '';
    findings.push(
      hint(
        `tokens need not be bound to their request${reported}: anyone who steals an unused token can send another request with it`,
        reported === ''
          ? 'bind tokens in the clients, then use --require-report and later --require'
          : 'use --require when no more requests are reported',
      ),
    );
  }
  if (audience.length === 0) {
    findings.push(
      hint(
        'no --audience is set, so tokens that name an audience are refused',
        'set --audience to the URL of this service',
      ),
    );
  } else if (!require.includes('aud')) {
    findings.push(
      hint(
        'tokens without an audience are accepted: a service that uses the same keys could pass them on to this one',
        'add aud to --require when all clients name the audience',
      ),
    );
  }
  return findings;
}

/** Finds ranges that contain more than proxies: every machine in a range can choose the client address, method and target. */
function trustedProxies({ trustedProxies: ranges }: Config): readonly Finding[] {
  const todo = 'list only the addresses of your own proxies';
  return ranges.flatMap((range) => {
    const [address = '', bits] = range.split('/');
    const isIpv6 = address.includes(':');
    const length = Number(bits ?? (isIpv6 ? 128 : 32));
    if (length < (isIpv6 ? 7 : 8)) {
      return [
        problem(`--trusted-proxy ${range}: strangers can forge the method, target and address of a request`, todo),
      ];
    }
    if (isPublicAddress(address) && length < (isIpv6 ? 48 : 24)) {
      return [warning(`--trusted-proxy ${range}: this range of public addresses is wide`, todo)];
    }
    return [];
  });
}

function limits({ tolerance, workers, accessLog }: Config): readonly Finding[] {
  const findings: Finding[] = [];
  if (tolerance > 60) {
    findings.push(
      hint(`--tolerance ${tolerance}: a stolen token can be used for a long time`, 'synchronize clocks instead'),
    );
  }
  const cores = availableParallelism();
  if (workers > cores) {
    findings.push(hint(`--workers ${workers}: this machine has ${cores} cores`, `use at most ${cores} workers`));
  }
  if (accessLog === 'off') {
    findings.push(hint('--access-log off: the log does not show why requests are refused', 'use --access-log refused'));
  }
  return findings;
}

async function application({ upstream }: Config): Promise<readonly Finding[]> {
  if (upstream === undefined) return [];
  const { protocol, hostname, origin } = upstream;
  const host = hostname.replace(/^\[|\]$/g, '');
  const failure = await whyNotConnected(host, Number(upstream.port || (protocol === 'https:' ? 443 : 80)));
  if (failure !== undefined) {
    return [
      problem(
        `the application ${origin} cannot be reached: ${failure}`,
        'start the application, or correct --upstream; until then, callers get a 502',
      ),
    ];
  }
  const found = [ok(`the application ${origin} accepts connections`)];
  if (protocol === 'http:' && !isLoopback(host)) {
    const what = `requests to ${origin} are sent without TLS, including the headers that name the user`;
    found.push(hint(what, 'use https, unless the network between the two machines is trusted'));
  }
  return found;
}

function whyNotConnected(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reason?: string) => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(PATIENCE, () => end(`no connection within ${PATIENCE / 1000} s`));
    socket.once('connect', () => end());
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) => end(code ?? message));
  });
}

/** Returns whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(host);
}
