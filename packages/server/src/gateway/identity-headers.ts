/** Makes the headers that tell the application who sent a request, and removes forged ones. */
import type { IncomingHttpHeaders } from 'node:http';
import type { AcceptedResult } from 'asymmetric-jwt-auth';
import { canonicalName } from '../config.ts';
import { isProxyStatement } from './proxy-headers.ts';

/** Names of the identity headers. */
export interface IdentityHeaderNames {
  readonly userHeader: string;
  readonly keyHeader: string;
}

/** Unreserved characters (RFC 3986 §2.3), and three that are common in usernames. */
const KEPT = /^[A-Za-z\d\-._~@+$]*$/;

/** Percent-encodes a username as UTF-8. Common usernames stay unchanged. */
export function encodeUsername(username: string): string {
  if (KEPT.test(username)) return username;
  return encodeURIComponent(username)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(?:40|2B|24)/g, decodeURIComponent);
}

/** Returns the identity headers of an accepted request. Their values are never empty. */
export function identityHeaders(
  { username, key }: AcceptedResult<unknown>,
  { userHeader, keyHeader }: IdentityHeaderNames,
): Record<string, string> {
  return { [userHeader]: encodeUsername(username), [keyHeader]: key.fingerprint };
}

const CONNECTION = 'connection';

/**
 * Makes a function that finds headers with which a caller could impersonate another user behind a forward-auth proxy.
 *
 * The proxy sets the identity headers, but the application could still read a header of the caller, if CGI or WSGI turns its name into
 * the same variable (`X_Auth_User`). And a proxy may remove the headers that `Connection` names after it has set them.
 *
 * @returns a function that takes the raw headers (names and values in turn) and returns whether there is such a header
 */
export function imitationFinder(names: IdentityHeaderNames): (rawHeaders: readonly string[]) => boolean {
  const ours = new Map([names.userHeader, names.keyHeader].map((name) => [canonicalName(name), name.toLowerCase()]));
  const isOurs = (name: string) => ours.has(canonicalName(name.trim()));
  // A canonical name has the length of the name, so most headers need no further look.
  const lengths = new Set([...ours.keys()].map((name) => name.length));
  return (rawHeaders) => {
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const sent = rawHeaders[at] as string;
      if (lengths.has(sent.length)) {
        const exact = ours.get(canonicalName(sent));
        if (exact !== undefined && exact !== sent.toLowerCase()) return true;
      }
      if (sent.length !== CONNECTION.length || sent.toLowerCase() !== CONNECTION) continue;
      if ((rawHeaders[at + 1] as string).split(',').some(isOurs)) return true;
    }
    return false;
  };
}

/** Headers that apply to one connection only (RFC 9110 §7.6.1). Transfer-Encoding is kept: without it, a body would have no end. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
];

/** The sender of a request. Its forwarding headers are kept only if it is a trusted proxy. */
export interface Peer {
  readonly address: string | undefined;
  readonly trusted: boolean;
}

/**
 * Returns the headers for the application: without credentials, without headers of this connection, and without any header that could
 * be mistaken for an identity header.
 *
 * @param headers - headers as received, with names in lower case
 */
export function upstreamHeaders(
  headers: IncomingHttpHeaders,
  peer: Peer,
  ours: Record<string, string>,
): IncomingHttpHeaders {
  const dropped = new Set(['authorization', ...HOP_BY_HOP, ...Object.keys(ours).map(canonicalName)]);
  for (const name of (headers.connection ?? '').split(',')) dropped.add(canonicalName(name.trim()));
  dropped.delete('transfer-encoding');
  dropped.delete('content-length');
  dropped.delete('host');
  const kept: IncomingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!dropped.has(canonicalName(name)) && !isProxyStatement(name, peer.trusted)) kept[name] = value;
  }
  return { ...kept, ...forwardedHeaders(headers, peer), ...ours };
}

function forwardedHeaders(headers: IncomingHttpHeaders, { address, trusted }: Peer): IncomingHttpHeaders {
  const before = (name: string) => (trusted ? (headers[name] as string | undefined) : undefined);
  const chain = [before('x-forwarded-for'), address?.replace(/^::ffff:/, '')];
  return {
    'x-forwarded-for': chain.filter((one) => one !== undefined && one !== '').join(', '),
    'x-forwarded-host': before('x-forwarded-host') ?? headers.host ?? '',
    'x-forwarded-proto': before('x-forwarded-proto') ?? 'http',
  };
}
