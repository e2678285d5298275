/** Whether the URL of a key set would be fetched, as far as its text tells: where its host's name leads is looked at when it is fetched. */
import { BlockList, isIP } from 'node:net';

/** Addresses that are not public (IANA's registries of special-purpose addresses, RFC 6890). */
const SPECIAL: Readonly<Record<Family, readonly string[]>> = {
  ipv4: [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
    ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
    ...['224.0.0.0/4', '240.0.0.0/4'],
  ],
  ipv6: ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
};
/** The one part of each family that is given out for public use. */
const GLOBAL: Readonly<Record<Family, readonly string[]>> = { ipv4: ['0.0.0.0/0'], ipv6: ['2000::/3'] };

type Family = 'ipv4' | 'ipv6';

function isPublic(address: string): boolean {
  const family = familyOf(address);
  return isIn(address, GLOBAL[family], family) && !isIn(address, SPECIAL[family], family);
}

function isIn(address: string, networks: readonly string[], family: Family): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [start, prefix] = network.split('/') as [string, string];
    list.addSubnet(start, Number(prefix), family);
  }
  return list.check(address, family);
}

function familyOf(address: string): Family {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$|^[^.]+$/;

/** @returns why it would not be fetched, or `undefined` */
export function whyNotFetched(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== 'https:') return 'it is not https';
  if (username !== '' || password !== '') return 'it has a name or a password in it';
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const isPrivate = isIP(host) === 0 ? PRIVATE_NAME.test(host) : !isPublic(host);
  return isPrivate ? 'its host is at a private address' : undefined;
}
