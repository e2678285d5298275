/** SSH's data types (RFC 4251 §5), read strictly and written canonically. */
import { KeyError } from './key-error.ts';

const broken = (why: string) => new KeyError('malformed', `the OpenSSH key is broken: ${why}`);

/** Reads one value after the other; a length beyond the end allocates nothing. */
export class SshReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Consumes a literal ASCII text, if it comes next. */
  startsWith(text: string): boolean {
    const matches = [...text].every((character, index) => this.#bytes[this.#at + index] === character.charCodeAt(0));
    if (matches) this.#at += text.length;
    return matches;
  }

  uint32(): number {
    const [a, b, c, d] = this.#take(4) as unknown as [number, number, number, number];
    return a * 2 ** 24 + (b << 16) + (c << 8) + d;
  }

  string(): Uint8Array {
    return this.#take(this.uint32());
  }

  /** A string of a length that is known. */
  fixed(length: number): Uint8Array {
    const bytes = this.string();
    if (bytes.length !== length) throw broken('a field has a wrong length');
    return bytes;
  }

  /** A string of printable ASCII. */
  text(): string {
    const text = String.fromCharCode(...this.string().subarray(0, 256));
    if (!/^[ -~]*$/.test(text)) throw broken('a name is not ASCII');
    return text;
  }

  /** A number that is not negative, in its shortest form, without the sign's byte. */
  mpint(): Uint8Array {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    if (first >= 0x80) throw broken('a number is negative');
    if (first !== 0) return bytes;
    if (bytes.length > 0 && (bytes.length === 1 || second < 0x80)) throw broken('a number has superfluous zeros');
    return bytes.subarray(1);
  }

  /** Bytes without a length before them. */
  bytes(length: number): Uint8Array {
    return this.#take(length);
  }

  /**
   * The padding 1, 2, 3, … of a private section, and its end.
   *
   * @param block - bytes of a block: the padding is shorter
   */
  padding(block: number): void {
    const rest = this.#take(this.#bytes.length - this.#at);
    if (rest.length >= block || rest.some((byte, index) => byte !== index + 1)) throw broken('wrong padding');
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw broken('there are bytes behind its end');
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw broken('a length reaches beyond its end');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

export function sshString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? Uint8Array.from(value, (character) => character.charCodeAt(0)) : value;
  const { length } = bytes;
  return concatBytes(Uint8Array.of(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255), bytes);
}

/** @param number - big-endian, not negative, without leading zeros */
export function sshMpint(number: Uint8Array): Uint8Array {
  return sshString((number[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), number) : number);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
