/** Whether the URL of a key set would be fetched, as far as its text tells: where its host's name leads is looked at when it is fetched. */
import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose addresses (RFC 6890) that are not on the Internet. */
const PRIVATE: readonly (readonly [network: string, prefix: number])[] = [
  ...(['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'] as const),
  ...(['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'] as const),
  ...(['::/127', '::ffff:0:0/96', 'fc00::/7', 'fe80::/10', 'ff00::/8'] as const),
].map((cidr) => [cidr.split('/')[0] as string, Number(cidr.split('/')[1])]);

// Apart: a list takes every IPv4 address for one of ::ffff:0:0/96 as well.
const LISTS = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix] of PRIVATE) LISTS[familyOf(network)].addSubnet(network, prefix, familyOf(network));
const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$|^[^.]+$/;

/** @returns why it would not be fetched, or `undefined` */
export function whyNotFetched(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== 'https:') return 'it is not https';
  if (username !== '' || password !== '') return 'it has a name or a password in it';
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const family = familyOf(host);
  const isPrivate = isIP(host) === 0 ? PRIVATE_NAME.test(host) : LISTS[family].check(host, family);
  return isPrivate ? 'its host is at a private address' : undefined;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
