/** Reads and writes the data types of SSH (RFC 4251 §5) in their canonical form. */
import { KeyError } from './key-error.ts';

const damaged = (detail: string) => new KeyError('malformed', `the OpenSSH key is damaged: ${detail}`);

/** Reads values one after another. It allocates no memory for a length that exceeds the remaining bytes. */
export class SshReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Reports whether the next bytes are an ASCII string without a length prefix, and if so, skips them. */
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

  /** Reads a string that must have the given length in bytes. */
  fixed(length: number): Uint8Array {
    const bytes = this.string();
    if (bytes.length !== length) throw damaged('a field has the wrong length');
    return bytes;
  }

  /** Reads a string of printable ASCII. */
  text(): string {
    const text = String.fromCharCode(...this.string().subarray(0, 256));
    if (!/^[ -~]*$/.test(text)) throw damaged('a name is not ASCII');
    return text;
  }

  /** Reads a non-negative number, without the leading zero byte that marks it as positive. */
  mpint(): Uint8Array {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    if (first >= 0x80) throw damaged('a number is negative');
    if (first !== 0) return bytes;
    if (bytes.length > 0 && (bytes.length === 1 || second < 0x80)) throw damaged('a number has leading zeros');
    return bytes.subarray(1);
  }

  /** Reads bytes that have no length prefix. */
  bytes(length: number): Uint8Array {
    return this.#take(length);
  }

  /**
   * Reads the padding bytes 1, 2, 3, … at the end of a private section.
   *
   * @param block - the block size in bytes; the padding is shorter than a block
   */
  padding(block: number): void {
    const rest = this.#take(this.#bytes.length - this.#at);
    if (rest.length >= block || rest.some((byte, index) => byte !== index + 1)) throw damaged('its padding is wrong');
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw damaged('there are extra bytes after its end');
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw damaged('a length exceeds the remaining bytes');
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
