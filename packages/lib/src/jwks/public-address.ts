/** Decides which IP addresses are public. A URL that someone else chose must not reach private services that this machine can reach. */
import { type IpAddress, type IpNetwork, isInNetwork, parseIpAddress, parseIpNetwork } from '../core/ip-address.ts';

/** IPv4 networks that are not public (RFC 6890, IANA registry of special-purpose addresses). */
const SPECIAL_IPV4 = networks(
  '0.0.0.0/8', // "this network"; a connection to 0.0.0.0 reaches this machine
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local; cloud metadata services
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved; broadcast
);

/** The IPv6 network that contains all public addresses. Loopback, ULA, link-local, site-local and multicast addresses are not in it. */
const GLOBAL_IPV6 = network('2000::/3');

/** Networks inside `GLOBAL_IPV6` that are not public. */
const SPECIAL_IPV6 = networks(
  '2001::/23', // protocol assignments, including Teredo
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which contains an IPv4 address
  '3fff::/20', // documentation
);

/** NAT64 (RFC 6052). The last 32 bits of such an address are an IPv4 address. */
const NAT64 = network('64:ff9b::/96');

/**
 * Reports whether an IP address is public (RFC 6890), in any notation. For a NAT64 address (RFC 6052), checks the IPv4 address inside it.
 *
 * @param text - an IPv4 or IPv6 address
 * @returns whether the address is public; `false` if the text is not an IP address
 *
 * @example
 * ```ts
 * import { isPublicAddress } from 'asymmetric-jwt-auth/jwks';
 *
 * console.log(isPublicAddress('192.0.43.8')); // true
 * console.log(isPublicAddress('::ffff:10.0.0.1')); // false
 * ```
 */
export function isPublicAddress(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && isPublic(address);
}

function isPublic(address: IpAddress): boolean {
  if (address.bits === 32) return !isInAny(address, SPECIAL_IPV4);
  if (isInNetwork(address, NAT64)) return isPublic({ bits: 32, value: address.value & 0xffff_ffffn });
  return isInNetwork(address, GLOBAL_IPV6) && !isInAny(address, SPECIAL_IPV6);
}

function isInAny(address: IpAddress, list: readonly IpNetwork[]): boolean {
  return list.some((one) => isInNetwork(address, one));
}

function network(text: string): IpNetwork {
  return parseIpNetwork(text) as IpNetwork;
}

function networks(...texts: readonly string[]): readonly IpNetwork[] {
  return texts.map(network);
}
