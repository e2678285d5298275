/** Sends HTTP/1.1 requests byte for byte, because HTTP clients merge or refuse some headers. */
import { connect } from 'node:net';

/** A response to a raw request. */
export interface RawResponse {
  readonly status: number;
  /** The values of each header, by its name in lower case. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

/**
 * Sends a request without a body, and reads the response until the connection is closed.
 *
 * @param url - the origin of the server
 * @param requestLine - such as `GET /me HTTP/1.1`
 * @param lines - the lines of the headers; each character is one byte
 */
export async function sendRaw(url: string, requestLine: string, lines: readonly string[]): Promise<RawResponse> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = [requestLine, `Host: ${hostname}:${port}`, ...lines, 'Connection: close'];
  socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return read(Buffer.concat(chunks).toString('utf8'));
}

function read(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n');
  const headers: Record<string, string[]> = Object.create(null);
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
    headers[name.toLowerCase()] = [...(headers[name.toLowerCase()] ?? []), value];
  }
  const body = text.slice(end + 4);
  const isChunked = headers['transfer-encoding']?.includes('chunked') === true;
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: isChunked ? joinChunks(body) : body };
}

/** Joins the chunks of a body (RFC 9112 §7.1). The body must be ASCII. */
function joinChunks(body: string): string {
  let joined = '';
  for (let rest = body; ; ) {
    const [line = '', size = ''] = /^([\da-f]+)\r\n/i.exec(rest) ?? [];
    const length = Number.parseInt(size, 16);
    if (!(length > 0)) return joined;
    joined += rest.slice(line.length, line.length + length);
    rest = rest.slice(line.length + length + 2);
  }
}

/** A connection that a case writes to byte for byte. */
export interface RawConnection {
  write(bytes: Uint8Array | string): void;
  /** Closes the connection at once, as a caller that gives up. */
  abort(): void;
  /** Waits until the server has sent this text. @returns everything that the server has sent */
  until(text: string): Promise<string>;
  /** Waits until the server closes the connection. @returns everything that the server has sent */
  all(): Promise<string>;
}

/**
 * Opens a connection to a server.
 *
 * @param url - the origin of the server
 */
export function openRaw(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  let isClosed = false;
  let wake = () => {};
  const step = () => wake();
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    step();
  });
  // A server may reset the connection after its response.
  socket
    .on('error', () => {})
    .on('close', () => {
      isClosed = true;
      step();
    });

  async function wait(isDone: () => boolean): Promise<string> {
    while (!isDone() && !isClosed) await new Promise<void>((resolve) => (wake = resolve));
    return received;
  }
  return {
    write: (bytes) => void socket.write(bytes),
    abort: () => void socket.resetAndDestroy(),
    until: (text) => wait(() => received.includes(text)),
    all: () => wait(() => false),
  };
}
