/** Speaks HTTP/1.1 over a TCP connection. Sends exact bytes, and parses responses with few checks. */
import { connect, type Socket } from 'node:net';

/** A response. */
export interface Answer {
  readonly status: number;
  /** Status line and headers, as received. */
  readonly head: string;
  /** Returns all values of a header, joined as RFC 9110 §5.3 describes. */
  header(name: string): string | undefined;
  readonly body: Buffer;
  readonly text: string;
}

/** A connection to a server on this machine. */
export class Connection {
  readonly socket: Socket;
  /** Resolves when either side closes the connection. */
  readonly closed: Promise<void>;
  #chunks: Buffer[] = [];
  #length = 0;
  #isOver = false;
  #arrived = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    socket.on('end', () => this.#finish());
    this.closed = new Promise((done) => {
      socket.on('close', () => {
        this.#finish();
        done();
      });
    });
    // A reset ends the connection too; pending reads then fail.
    socket.on('error', () => {});
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((done, failed) => socket.once('connect', done).once('error', failed));
    return new Connection(socket);
  }

  /** @param data - bytes, or a string that is sent as Latin-1 */
  write(data: string | Uint8Array): void {
    if (typeof data === 'string') this.socket.write(data, 'latin1');
    else this.socket.write(data);
  }

  /**
   * Reads the next response to its end. It may be an interim one (1xx).
   *
   * @param method - method of the request: a response to HEAD has no body
   */
  async answer(method = 'GET'): Promise<Answer> {
    const head = (await this.#line('\r\n\r\n')).toString('latin1');
    const [statusLine = '', ...lines] = head.split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(statusLine)?.[1]);
    const header = (name: string) => {
      const values = lines.filter((line) => line.toLowerCase().startsWith(`${name}:`));
      return values.length === 0 ? undefined : values.map((line) => line.slice(name.length + 1).trim()).join(', ');
    };
    const isBare = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const body = isBare ? Buffer.alloc(0) : await this.#body(header);
    return { status, head, header, body, text: body.toString('utf8') };
  }

  /** Reads everything until the server closes the connection. */
  async rest(): Promise<Buffer> {
    while (!this.#isOver) await this.#arrived.promise;
    return this.#take(this.#length);
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #body(header: (name: string) => string | undefined): Promise<Buffer> {
    const length = header('content-length');
    if (length !== undefined) return this.#exactly(Number(length));
    if (header('transfer-encoding') === undefined) return this.rest();
    const chunks: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt((await this.#line('\r\n')).toString('latin1'), 16);
      const chunk = await this.#exactly(size + 2);
      if (size === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, size));
    }
  }

  /** Reads up to an end mark, and skips the mark. */
  async #line(end: string): Promise<Buffer> {
    for (;;) {
      const all = this.#join();
      const at = all.indexOf(end);
      if (at !== -1) return this.#take(at + end.length).subarray(0, at);
      await this.#more();
    }
  }

  async #exactly(length: number): Promise<Buffer> {
    while (this.#length < length) await this.#more();
    return this.#take(length);
  }

  async #more(): Promise<void> {
    if (this.#isOver) throw new Error(`the connection ended after ${JSON.stringify(this.#join().toString('latin1'))}`);
    await this.#arrived.promise;
  }

  #join(): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  #take(length: number): Buffer {
    const all = this.#join();
    this.#chunks = [all.subarray(length)];
    this.#length -= length;
    return all.subarray(0, length);
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }

  #finish(): void {
    this.#isOver = true;
    this.#wake();
  }
}

/** Returns the bytes of a request. */
export function request(target: string, lines: readonly string[] = [], method = 'GET', body = ''): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: api.example.com', ...lines, '', body].join('\r\n');
}

/** Sends one request over a new connection. @returns the response */
export async function exchange(port: number, bytes: string | Uint8Array, method?: string): Promise<Answer> {
  const connection = await Connection.open(port);
  try {
    connection.write(bytes);
    return await connection.answer(method);
  } finally {
    connection.destroy();
  }
}
