/** Starts applications behind the gateway, which record the requests they receive. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createBareServer, type Server, type Socket } from 'node:net';
import { afterFile } from './after-file.ts';

/** A request that an application has received. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  /** Alternating names and values, as received. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  readonly body: Buffer;
}

/** An application whose responses a test controls. */
export interface Upstream {
  readonly url: string;
  readonly seen: Seen[];
  /** Handles requests instead of the default, which responds with `hello`. Requests are then neither read nor recorded. */
  handle: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts an application on `node:http`; the application stops after the tests of the file. */
export async function startUpstream(): Promise<Upstream> {
  const seen: Seen[] = [];
  const server = createServer({ requestTimeout: 0, maxHeaderSize: 65_536 }, async (request, response) => {
    if (upstream.handle !== undefined) return upstream.handle(request, response);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const { method, url, rawHeaders, headers, trailers } = request;
    seen.push({ method, url, rawHeaders, headers, trailers, body: Buffer.concat(chunks) });
    response.end('hello');
  });
  const upstream: Upstream = { url: await listen(server), seen, handle: undefined };
  afterFile(() => {
    server.closeAllConnections();
    server.close();
  });
  return upstream;
}

/** An application on a TCP socket, which does not validate requests. */
export interface BareUpstream {
  readonly url: string;
  /** Bytes to send when the head of a request is complete. */
  answer: string;
  /** All received bytes, of all connections. */
  received(): string;
}

/** Starts an application on a TCP socket; the application stops after the tests of the file. */
export async function startBareUpstream(answer = ''): Promise<BareUpstream> {
  let received = '';
  const sockets = new Set<Socket>();
  const server = createBareServer((socket) => {
    let head = '';
    sockets.add(socket);
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk;
      head += chunk;
      if (!head.includes('\r\n\r\n')) return;
      head = '';
      socket.write(upstream.answer, 'latin1');
    });
  });
  const upstream: BareUpstream = { url: await listen(server), answer, received: () => received };
  afterFile(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return upstream;
}
