/** Who was let in, told to the application in headers; and nobody else's word for it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { AcceptedResult } from 'asymmetric-jwt-auth';
import { canonicalName } from '../config.ts';
import { isProxyStatement } from './proxy-headers.ts';

/** Names of the headers. */
export interface IdentityHeaderNames {
  readonly userHeader: string;
  readonly keyHeader: string;
}

/** Not reserved in RFC 3986 §2.3, and three that are common in usernames. */
const KEPT = /^[A-Za-z\d\-._~@+$]*$/;

/** Percent-encoded UTF-8, so that any username arrives exactly, and a common one as it is. */
export function encodeUsername(username: string): string {
  if (KEPT.test(username)) return username;
  return encodeURIComponent(username)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(?:40|2B|24)/g, decodeURIComponent);
}

/** The headers of an accepted request: every one of them, never empty. */
export function identityHeaders(
  { username, key }: AcceptedResult<unknown>,
  { userHeader, keyHeader }: IdentityHeaderNames,
): Record<string, string> {
  return { [userHeader]: encodeUsername(username), [keyHeader]: key.fingerprint };
}

/**
 * Makes the function that finds headers with which a caller could pass for another user, behind a proxy that asks here.
 *
 * The proxy sets the identity headers, and an application can still read the caller's: one whose name CGI or WSGI turns into the
 * same variable (`X_Auth_User`). A proxy may also remove the headers that `Connection` names after it has set them.
 *
 * @returns a function of the raw headers, names and values in turn
 */
export function imitationFinder(names: IdentityHeaderNames): (rawHeaders: readonly string[]) => boolean {
  const ours = new Map([names.userHeader, names.keyHeader].map((name) => [canonicalName(name), name.toLowerCase()]));
  const isOurs = (name: string) => ours.has(canonicalName(name.trim()));
  return (rawHeaders) => {
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] as string).toLowerCase();
      const exact = ours.get(canonicalName(name));
      if (exact !== undefined && exact !== name) return true;
      if (name === 'connection' && (rawHeaders[at + 1] as string).split(',').some(isOurs)) return true;
    }
    return false;
  };
}

/** Headers of one connection (RFC 9110 §7.6.1), but for transfer-encoding, without which a body would lose its end. */
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

/** What a proxy before this one said counts only where it is trusted. */
export interface Peer {
  readonly address: string | undefined;
  readonly trusted: boolean;
}

/**
 * The headers that the application gets: without credentials, without what belongs to this connection, and without any
 * header that could be taken for one of ours.
 *
 * @param headers - as received, names in lower case
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
