/** Converts IP addresses and networks to numbers, so that all spellings of an address are equal. */

/** An address. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is read as the IPv4 address. */
export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A network: all addresses that begin with the same bits as `first`. */
export interface IpNetwork {
  readonly first: IpAddress;
  /** The number of bits that are the same. */
  readonly prefix: number;
}

const DECIMAL = /^(?:0|[1-9]\d{0,2})$/;
const HEXTET = /^[0-9a-f]{1,4}$/i;
const MAPPED = 0xffffn;

/**
 * Reads an address.
 *
 * @param text - four decimal numbers without leading zeros, or IPv6 (RFC 4291 §2.2) without brackets and zone
 * @returns the address, or `undefined` if the text is not an address
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const value = parseQuad(text);
    return value === undefined ? undefined : { bits: 32, value };
  }
  const value = parseHextets(text);
  if (value === undefined) return undefined;
  return value >> 32n === MAPPED ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value };
}

function parseQuad(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseHextets(text: string): bigint | undefined {
  const plain = withoutQuad(text);
  const halves = plain?.split('::');
  if (halves === undefined || halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const zeros = 8 - head.length - (tail?.length ?? 0);
  // `::` replaces at least one group.
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined;
  const all = [...head, ...Array<string>(zeros).fill('0'), ...(tail ?? [])];
  if (!all.every((part) => HEXTET.test(part))) return undefined;
  return all.reduce((value, part) => (value << 16n) | BigInt(`0x${part}`), 0n);
}

/** Rewrites the last 32 bits as two hexadecimal groups if they are written like an IPv4 address. */
function withoutQuad(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const start = text.lastIndexOf(':') + 1;
  const quad = parseQuad(text.slice(start));
  if (quad === undefined) return undefined;
  return `${text.slice(0, start)}${(quad >> 16n).toString(16)}:${(quad & 0xffffn).toString(16)}`;
}

/**
 * Reads a network, such as `10.0.0.0/8`. A single address is a network too.
 *
 * @returns the network, or `undefined` if the text is not a network. Text with bits set after the prefix is not a
 *   network, because the bits must be a mistake
 */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const [address = '', length, more] = text.split('/');
  const first = parseIpAddress(address);
  if (first === undefined || more !== undefined) return undefined;
  if (length === undefined) return { first, prefix: first.bits };
  // The prefix of an IPv4-mapped IPv6 address also counts the 96 bits before the IPv4 address.
  const prefix = Number(length) - (first.bits === 32 && address.includes(':') ? 96 : 0);
  if (!DECIMAL.test(length) || prefix < 0 || prefix > first.bits) return undefined;
  return (first.value & ((1n << BigInt(first.bits - prefix)) - 1n)) === 0n ? { first, prefix } : undefined;
}

/** Returns whether an address is in a network. */
export function isInNetwork({ bits, value }: IpAddress, { first, prefix }: IpNetwork): boolean {
  const rest = BigInt(bits - prefix);
  return bits === first.bits && value >> rest === first.value >> rest;
}
