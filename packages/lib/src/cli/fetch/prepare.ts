/** Reads everything that a request needs. An error here means that nothing has been sent. */
import type { Values } from 'ajwt-cli-kit/command';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
import { proxyChooser } from './connection/proxy.ts';
import { readResolve } from './connection/resolve.ts';
import type { ConnectionSettings } from './connection/settings.ts';
import { DEFAULT_CONNECT_LIMIT, DEFAULT_RESPONSE_LIMIT, type TimeLimits } from './limits.ts';
import { readSeconds } from './numbers.ts';
import type { FETCH_OPTIONS } from './options.ts';

export type FetchValues = Values<typeof FETCH_OPTIONS>;

/** Reads the time limits. */
export function readLimits(values: FetchValues): TimeLimits {
  const connect = readSeconds('--connect-timeout', values['connect-timeout'], DEFAULT_CONNECT_LIMIT);
  return {
    total: readSeconds('--max-time', values['max-time'], 0),
    // 0 means the default, as in curl.
    connect: connect === 0 ? DEFAULT_CONNECT_LIMIT : connect,
    response: readSeconds('--response-timeout', values['response-timeout'], DEFAULT_RESPONSE_LIMIT),
  };
}

/** Reads the connection settings. */
export function readSettings(values: FetchValues, io: Io): ConnectionSettings {
  const { insecure, cacert, 'tls-cert': certificate, 'tls-key': key } = values;
  if (values.ipv4 && values.ipv6) throw new CommandError('give -4 or -6, not both');
  if (key !== undefined && certificate === undefined) throw new CommandError('--tls-key needs --tls-cert');
  return {
    family: values.ipv4 ? 4 : values.ipv6 ? 6 : undefined,
    pinned: readResolve(values.resolve),
    unixSocket: values['unix-socket'],
    proxyFor: proxyChooser(values.proxy, values.noproxy, io.env),
    tls: { insecure, authorities: cacert, certificate, key },
  };
}
