/** Errors before and during the response, with the exit codes of curl (curl(1), EXIT CODES). */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { SignedFetchError } from '../../client/error.ts';

export const MALFORMED_URL = 3;
export const HTTP_ERROR = 22;
export const WRITE_ERROR = 23;
export const READ_ERROR = 26;
export const BAD_PROXY_HOST = 5;
export const CANNOT_RESOLVE = 6;
export const CANNOT_CONNECT = 7;
export const WEIRD_RESPONSE = 8;
const PARTIAL_RESPONSE = 18;
export const TIMED_OUT = 28;
export const TLS_ERROR = 35;
export const BAD_RESOLVE = 49;
export const NO_RESPONSE = 52;
export const PROXY_REFUSED = 56;
export const BAD_CLIENT_CERTIFICATE = 58;
const BAD_CERTIFICATE = 60;
export const BAD_ENCODING = 61;
export const BAD_AUTHORITIES = 77;

/** Exit codes and messages, by Node's error code. */
const CODES: readonly (readonly [RegExp, number, string])[] = [
  [/^(?:ENOTFOUND|EAI_)/, CANNOT_RESOLVE, 'the host name cannot be resolved'],
  [/^ECONNREFUSED$/, CANNOT_CONNECT, 'cannot connect: nothing listens there'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM)$/, CANNOT_CONNECT, 'cannot connect'],
  [/^HPE_/, WEIRD_RESPONSE, 'the response is not HTTP'],
  [
    /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/,
    BAD_CERTIFICATE,
    'the certificate is not trusted; --cacert FILE or NODE_EXTRA_CA_CERTS names the authority to trust',
  ],
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
  body_not_signable: 65,
  bad_redirect: MALFORMED_URL,
};

/**
 * Converts an error that occurs before the response to an error with a message and an exit code; returns an unexpected error unchanged.
 *
 * @param peer - the server or the proxy that the error is about
 */
export function transferError(error: unknown, peer: string): unknown {
  if (error instanceof SignedFetchError) return new CommandError(error.message, REDIRECT_CODES[error.code] ?? 1);
  const code = codeOf(error);
  const found = CODES.find(([pattern]) => pattern.test(code));
  return found === undefined ? error : new CommandError(`${peer}: ${found[2]} (${code})`, found[1]);
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
