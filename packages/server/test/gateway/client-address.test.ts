import { BlockList } from 'node:net';
import { expect, test } from 'vitest';
import { addressGroup, clientOf } from '../../src/gateway/client-address.ts';

const proxies = new BlockList();
proxies.addSubnet('10.0.0.0', 8, 'ipv4');
proxies.addAddress('fd00::1', 'ipv6');
const isTrustedProxy = (address: string | undefined) =>
  address !== undefined && (proxies.check(address, 'ipv4') || proxies.check(address, 'ipv6'));

/** Returns the client's address as the gateway determines it. @param forwarded - values of X-Forwarded-For, one for each line */
const from = (remoteAddress: string | undefined, ...forwarded: string[]) =>
  clientFrom(remoteAddress, ...forwarded)?.group;
const clientFrom = (remoteAddress: string | undefined, ...forwarded: string[]) =>
  clientOf(
    { socket: { remoteAddress }, rawHeaders: forwarded.flatMap((value) => ['X-Forwarded-For', value]) },
    isTrustedProxy,
  );

test('a peer that is not a trusted proxy is the client, whatever X-Forwarded-For says', () => {
  expect(from('192.0.2.1')).toBe('192.0.2.1');
  expect(from('192.0.2.1', '198.51.100.7')).toBe('192.0.2.1');
});

test.each([
  ['the only entry', ['198.51.100.7'], '198.51.100.7'],
  ['the rightmost entry, because the client can forge the others', ['203.0.113.9, 198.51.100.7'], '198.51.100.7'],
  ['the entry to the left of other trusted proxies', ['203.0.113.9, 198.51.100.7, 10.1.2.3,10.9.9.9'], '198.51.100.7'],
  ['entries in several header lines', ['203.0.113.9', '198.51.100.7', '10.1.2.3'], '198.51.100.7'],
  ['an entry with a port', ['198.51.100.7:4711'], '198.51.100.7'],
  ['an IPv6 address with a port', ['[2001:db8:1:2::7]:4711'], '2001:db8:1:2::/64'],
  ['an entry between blanks and empty entries', [' 198.51.100.7 , ,'], '198.51.100.7'],
])('behind a trusted proxy, the client is found: %s', (_, forwarded, expected) => {
  expect(from('10.0.0.1', ...forwarded)).toBe(expected);
});

test.each([
  ['no header', []],
  ['an empty header', ['']],
  ['only trusted proxies', ['10.1.2.3, 10.9.9.9']],
  ['a word instead of an address', ['203.0.113.9, unknown']],
  ['the path of a Unix socket', ['unix:']],
])('a trusted proxy reports no client, so no address is returned: %s', (_, forwarded) => {
  expect(from('10.0.0.1', ...forwarded)).toBeUndefined();
});

test('all IPv6 addresses of a /64, in any notation, count as one client', () => {
  const spellings = ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002:0:0:192.0.2.1'];
  expect(new Set(spellings.map(addressGroup))).toEqual(new Set(['2001:db8:1:2::/64']));
  expect(addressGroup('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64');
  expect(addressGroup('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
});

test.each(['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1'])('%s is 192.0.2.1', (mapped) => {
  expect(addressGroup(mapped)).toBe('192.0.2.1');
});

test('the full address of a client is known, in one notation and without zone', () => {
  expect(clientFrom('::ffff:192.0.2.1')?.address).toBe('192.0.2.1');
  expect(clientFrom('fe80::1%eth0')?.address).toBe('fe80::1');
  expect(clientFrom('10.0.0.1', '203.0.113.9, [2001:DB8::7]:4711, 10.1.2.3')?.address).toBe('2001:db8::7');
});

test('a string that is not an address belongs to no group', () => {
  for (const text of ['', 'localhost', '192.0.2', '192.0.2.256', '::1::', '192.0.2.1/24']) {
    expect(addressGroup(text)).toBeUndefined();
  }
});

test('the client is found in a header of 40 kB', () => {
  expect(from('10.0.0.1', `${'203.0.113.9,'.repeat(3000)}198.51.100.7`)).toBe('198.51.100.7');
  expect(from('10.0.0.1', ','.repeat(40_000))).toBeUndefined();
});
