/** Collects bytes in one growing buffer. A list of chunks would need far more memory if a caller sends one byte at a time. */
export class ByteBuffer {
  readonly #max: number;
  #bytes = new Uint8Array(0);
  #length = 0;

  /** @param max - the most bytes that it holds */
  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds bytes. Returns false, and adds none, if there would be too many. */
  append(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#max) return false;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(Math.max(length, this.#bytes.length * 2), this.#max));
      larger.set(this.whole());
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  /** Returns all bytes so far. They share the memory of this buffer. */
  whole(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}
