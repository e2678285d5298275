/** Whose request it is, as an address: the peer's, or the one that a trusted proxy names. */
import type { IncomingMessage } from 'node:http';
import { parseIpAddress } from 'ajwt-cli-kit';
import { headerValues } from 'asymmetric-jwt-auth/node';
import type { Config } from '../config.ts';

/** What is needed of a request. */
type Sent = Pick<IncomingMessage, 'rawHeaders'> & { readonly socket: { readonly remoteAddress?: string | undefined } };

/**
 * Returns the address of the client, to count its requests by: an IPv4 address, or the first 64 bits of an IPv6 address, as one
 * client usually has all addresses that begin with them.
 *
 * Behind trusted proxies it is the rightmost entry of `X-Forwarded-For` that is not a trusted proxy itself: a client can write
 * anything to the left of it.
 *
 * @returns `undefined` if a trusted proxy does not name a client
 */
export function clientAddress(
  { rawHeaders, socket: { remoteAddress } }: Sent,
  isTrustedProxy: Config['isTrustedProxy'],
): string | undefined {
  if (remoteAddress === undefined || !isTrustedProxy(remoteAddress)) return addressGroup(remoteAddress ?? '');
  const hops = headerValues(rawHeaders, 'x-forwarded-for').join(',');
  for (let end = hops.length; end > 0; ) {
    const start = hops.lastIndexOf(',', end - 1) + 1;
    const hop = withoutPort(hops.slice(start, end).trim());
    if (hop !== '' && !isTrustedProxy(hop)) return addressGroup(hop);
    end = start - 1;
  }
  return undefined;
}

/** Some proxies write the client's port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(hop) ?? [];
  return ipv6 ?? ipv4 ?? hop;
}

/**
 * Returns what the addresses of one client have in common: an IPv4 address, however it is written, or the first 64 bits of an IPv6
 * address.
 *
 * @returns `undefined` if it is not an address
 */
export function addressGroup(text: string): string | undefined {
  const address = parseIpAddress(text.replace(/%.*$/, ''));
  if (address === undefined) return undefined;
  const { bits, value } = address;
  if (bits === 32) return text.includes(':') ? octets(value) : text;
  return `${hextets(value >> 64n)}::/64`;
}

function octets(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
}

function hextets(value: bigint): string {
  return [48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 0xffffn).toString(16)).join(':');
}
