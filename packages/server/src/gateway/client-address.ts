/** The client's address: the peer's, or the one that a trusted proxy reports. */
import type { IncomingMessage } from 'node:http';
import { parseIpAddress } from 'ajwt-cli-kit';
import { headerValues } from 'asymmetric-jwt-auth/node';
import type { Config } from '../config.ts';

/** The parts of a request that contain the address. */
export type Sent = Pick<IncomingMessage, 'rawHeaders'> & {
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** The client of a request. */
export interface Client {
  /** Its full address, in lower case. */
  readonly address: string;
  /** {@link addressGroup} of its address. */
  readonly group: string;
}

/**
 * Returns the client of a request. Behind trusted proxies, its address is the rightmost entry of `X-Forwarded-For` that is not a trusted
 * proxy itself. The entries to the left of it may be forged by the client.
 *
 * @returns `undefined` if a trusted proxy does not report a client
 */
export function clientOf({ rawHeaders, socket }: Sent, isTrustedProxy: Config['isTrustedProxy']): Client | undefined {
  const { remoteAddress } = socket;
  if (remoteAddress === undefined || !isTrustedProxy(remoteAddress)) return readPeer(socket, remoteAddress);
  const hops = headerValues(rawHeaders, 'x-forwarded-for').join(',');
  for (let end = hops.length; end > 0; ) {
    const start = hops.lastIndexOf(',', end - 1) + 1;
    const hop = withoutPort(hops.slice(start, end).trim());
    if (hop !== '' && !isTrustedProxy(hop)) return readClient(hop);
    end = start - 1;
  }
  return undefined;
}

const peers = new WeakMap<object, Client | undefined>();

/** Reads the address of a peer once for each connection. */
function readPeer(socket: object, address = ''): Client | undefined {
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const client = readClient(address);
  peers.set(socket, client);
  return client;
}

function readClient(text: string): Client | undefined {
  const group = addressGroup(text);
  if (group === undefined) return undefined;
  // A group with a slash is an IPv6 network; otherwise it is the whole IPv4 address.
  return { address: group.endsWith('/64') ? text.replace(/%.*$/s, '').toLowerCase() : group, group };
}

/** Removes the port that some proxies add: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(hop) ?? [];
  return ipv6 ?? ipv4 ?? hop;
}

/**
 * Returns the part of an address by which requests are counted: an IPv4 address in its usual form (also from `::ffff:192.0.2.1`), or the
 * first 64 bits of an IPv6 address, because one client usually has a whole /64 network.
 *
 * @returns `undefined` if the string is not an address
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
