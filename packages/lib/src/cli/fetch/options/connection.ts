/** Options of `ajwt fetch` for the connection, its time limits, and retries. */

export const CONNECTION_OPTIONS = {
  'max-time': {
    type: 'string',
    short: 'm',
    value: 'SECONDS',
    help: 'limit the time of the whole transfer; exits with code 28',
  },
  'connect-timeout': {
    type: 'string',
    value: 'SECONDS',
    help: 'limit the time until the connection is ready (default: 300); exits with code 28',
  },
  'response-timeout': {
    type: 'string',
    value: 'SECONDS',
    help: 'limit the time from the last byte sent to the response headers (default: 300; 0: no limit); exits with code 28',
  },
  retry: {
    type: 'string',
    value: 'N',
    help: 'try again up to N times, with a new token each time, after a time limit, an unknown host, or status 408, 429, 500, 502, 503 or 504; POST and PATCH only if the application cannot have received them',
  },
  'retry-delay': {
    type: 'string',
    value: 'SECONDS',
    help: 'wait before each retry (default: 1, then twice as long each time, up to 600; or what Retry-After says)',
  },
  'retry-max-time': { type: 'string', value: 'SECONDS', help: 'start no retry after this time' },
  'retry-connrefused': { type: 'boolean', help: 'also try again if the connection is refused' },
  'retry-all-errors': {
    type: 'boolean',
    help: 'also try again after any other error; also POST and PATCH, which the application may then receive twice',
  },
  insecure: {
    type: 'boolean',
    short: 'k',
    help: 'accept any certificate; unless the server is on this machine, the token is bound to origin, method, target and body',
  },
  cacert: { type: 'string', value: 'FILE', choices: 'file', help: 'trust only the authorities in FILE (PEM)' },
  'tls-cert': {
    type: 'string',
    value: 'FILE',
    choices: 'file',
    help: 'client certificate for TLS (PEM); called --cert in curl',
  },
  'tls-key': {
    type: 'string',
    value: 'FILE',
    choices: 'file',
    help: 'private key of --tls-cert, unless in the same file (PEM); called --key in curl',
  },
  resolve: {
    type: 'string',
    value: 'HOST:PORT:ADDRESS',
    multiple: true,
    help: 'connect to ADDRESS for this host and port; several addresses are separated by commas',
  },
  ipv4: { type: 'boolean', short: '4', help: 'use only IPv4 addresses' },
  ipv6: { type: 'boolean', short: '6', help: 'use only IPv6 addresses' },
  'unix-socket': { type: 'string', value: 'FILE', choices: 'file', help: 'connect through this Unix socket' },
  proxy: {
    type: 'string',
    short: 'x',
    value: 'URL',
    help: 'use this HTTP proxy (default: from http_proxy, https_proxy and all_proxy, unless no_proxy lists the host); an empty value uses none',
  },
  noproxy: {
    type: 'string',
    value: 'HOSTS',
    help: 'use no proxy for these hosts, separated by commas; * is every host',
  },
} as const;
