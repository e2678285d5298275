/**
 * Sends requests with `node:http`, which leaves all bytes unchanged. The global fetch would decompress the response, refuse a GET with a
 * body, hide the raw headers, and add its own; and it takes as long to load as the rest of the command.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { RequestBody } from './body.ts';
import { WEIRD_RESPONSE } from './exit-codes.ts';
import type { Progress } from './progress.ts';
import type { Trace } from './verbose.ts';

/** A request to send. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: RequestBody | undefined;
}

/** Sends the requests of one command. */
export interface Transport {
  /** Sends a request. @returns the response, as soon as its headers have arrived */
  send(request: OutgoingRequest): Promise<IncomingMessage>;
  /** Stops sending a body that is no longer needed. */
  close(): void;
}

/**
 * Creates a transport.
 *
 * @param trace - receives the headers of requests and responses
 * @param progress - receives the number of body bytes sent
 */
export function createTransport(trace?: Trace, progress?: Progress): Transport {
  let sending: ClientRequest | undefined;
  return {
    async send({ url, method, headers: given, body }) {
      const headers = Object.fromEntries([...given].sort());
      const length = body?.length ?? (body?.content instanceof Uint8Array ? body.content.length : undefined);
      if (length !== undefined) headers['content-length'] = String(length);
      // Without this, Node would send the stream of a GET without any framing.
      else if (body !== undefined) headers['transfer-encoding'] = 'chunked';

      // Node would add this header too, but the trace would not show it.
      headers.connection ??= 'keep-alive';

      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = clientOf(url).request(url, { method, headers }, resolve);
        sending = request;
        request.on('error', reject);
        // Without a listener, the promise would never settle.
        request.on('upgrade', (_, socket) => {
          socket.destroy();
          reject(
            new CommandError(
              `${url.host}: the server switched to another protocol without being asked (status 101)`,
              WEIRD_RESPONSE,
            ),
          );
        });
        if (trace !== undefined) follow(request, trace);
        if (body === undefined || body.content instanceof Uint8Array) request.end(body?.content);
        else {
          if (progress !== undefined) body.content.on('data', (chunk) => progress.sent(chunk.length, length));
          // A server may respond and close the connection before the whole body is sent: the response counts.
          pipeline(body.content, request).catch(() => {});
        }
      });
      trace?.received(headLines(response));
      return response;
    },
    close: () => sending?.destroy(),
  };
}

/** Returns the module without `import`, which reads all its exports, and one of them loads the global fetch. */
function clientOf({ protocol }: URL): typeof import('node:http') {
  return process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http') as typeof import('node:http');
}

/** Returns the status line and headers as received, with the empty line after them. */
export function headOf(response: IncomingMessage): Uint8Array {
  return Buffer.from(`${headLines(response).join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Returns the status line and headers as received, one character per byte. */
function headLines({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage): string[] {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return lines;
}

/** Traces a connection when it is ready, and the request that it carries. */
function follow(request: ClientRequest, trace: Trace): void {
  request.once('socket', (socket) => {
    const report = () => {
      trace.about(`connected to ${request.host} (${socket.remoteAddress}), port ${socket.remotePort}`);
      if ('getCipher' in socket) {
        const tls = socket as TLSSocket;
        trace.about(`${tls.getProtocol()}, ${tls.getCipher().standardName}`);
      }
      const headers = request.getRawHeaderNames().map((name) => `${name}: ${request.getHeader(name)}`);
      trace.sent([`${request.method} ${request.path} HTTP/1.1`, ...headers]);
    };
    if (socket.connecting) socket.once('getCipher' in socket ? 'secureConnect' : 'connect', report);
    else report();
  });
}
