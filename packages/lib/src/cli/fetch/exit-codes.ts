/** Errors before and during the response, with the exit codes of curl (curl(1), EXIT CODES). */
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { IoStreams } from 'ajwt-cli-kit/io';
import { SignedFetchError } from '../../client/error.ts';

export const MALFORMED_URL = 3;
export const HTTP_ERROR = 22;
export const WRITE_ERROR = 23;
export const READ_ERROR = 26;
const CANNOT_CONNECT = 7;
export const WEIRD_RESPONSE = 8;
const PARTIAL_RESPONSE = 18;
const TLS_ERROR = 35;
const NO_RESPONSE = 52;
const BAD_CERTIFICATE = 60;
const CANNOT_RESOLVE = 6;
const PROXY_REFUSED = 56;

/** Exit codes and messages, by the code of Node's error. */
const CODES: readonly (readonly [RegExp, number, string])[] = [
  [/^(?:ENOTFOUND|EAI_)/, CANNOT_RESOLVE, 'the host name cannot be resolved'],
  [/^ECONNREFUSED$/, CANNOT_CONNECT, 'cannot connect: nothing listens there'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM)$/, CANNOT_CONNECT, 'cannot connect'],
  [/^HPE_/, WEIRD_RESPONSE, 'the response is not HTTP'],
  [
    /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/,
    BAD_CERTIFICATE,
    'the certificate is not trusted; NODE_EXTRA_CA_CERTS names further authorities',
  ],
  [/^ERR_PROXY_/, PROXY_REFUSED, 'the proxy refused to connect'],
  [
    /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/,
    TLS_ERROR,
    'TLS failed; if the server does not use TLS on this port, write http://',
  ],
  [
    /^(?:ECONNRESET|EPIPE)$/,
    NO_RESPONSE,
    'the server closed the connection without a response; if it expects TLS on this port, write https://',
  ],
];

/** Exit codes for redirects that were not followed. The code is 1 if curl has no such case. */
const REDIRECT_CODES: Readonly<Record<string, number>> = {
  too_many_redirects: 47,
  body_not_repeatable: 65,
  bad_redirect: MALFORMED_URL,
};

/** Converts an error before the response to one with a message and exit code; returns an unexpected error unchanged. */
export function transferError(error: unknown, url: URL, env: IoStreams['env']): unknown {
  if (error instanceof SignedFetchError) return new CommandError(error.message, REDIRECT_CODES[error.code] ?? 1);
  const code = codeOf(error);
  const found = CODES.find(([pattern]) => pattern.test(code));
  return found === undefined
    ? error
    : new CommandError(`${proxyIn(error, url, env) ?? url.host}: ${found[2]} (${code})`, found[1]);
}

/**
 * Returns the proxy that an error is about, if Node sends requests through one (`NODE_USE_ENV_PROXY`). Such an error names a host or port
 * that is not in the URL.
 */
function proxyIn(error: unknown, { hostname, port, protocol }: URL, env: IoStreams['env']): string | undefined {
  const { hostname: unresolved, address, port: failed } = (error ?? {}) as Readonly<Record<string, string | number>>;
  if (env.NODE_USE_ENV_PROXY === undefined) return undefined;
  const asked = hostname.replace(/^\[|\]$/g, '');
  if (unresolved !== undefined) return unresolved === asked ? undefined : `proxy ${unresolved}`;
  const expected = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  return failed === undefined || failed === expected ? undefined : `proxy ${address}:${failed}`;
}

/** Converts an error during the response. */
export function bodyError(error: unknown, { host }: URL): CommandError {
  return new CommandError(`${host}: the response ended early (${codeOf(error)})`, PARTIAL_RESPONSE);
}

function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? 'unknown error' : codeOf(cause);
}
