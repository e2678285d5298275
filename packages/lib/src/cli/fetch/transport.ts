/**
 * Requests on `node:http`: bytes are sent and received as they are. The global fetch would decompress the answer, refuse a GET with a
 * body, hide the raw headers, and add some of its own; and it takes as long to load as the rest of the command.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { RequestBody } from './body.ts';
import { WEIRD_ANSWER } from './exit-codes.ts';
import type { Progress } from './progress.ts';
import type { Trace } from './verbose.ts';

/** A request as it is sent. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: RequestBody | undefined;
}

/** One command's connection to the world. */
export interface Transport {
  /** @returns the answer, as soon as its head is there */
  send(request: OutgoingRequest): Promise<IncomingMessage>;
  /** Stops sending a body that nobody waits for any more. */
  close(): void;
}

/**
 * @param trace - hears of requests and answers
 * @param progress - hears of a body's bytes that are sent
 */
export function createTransport(trace?: Trace, progress?: Progress): Transport {
  let sending: ClientRequest | undefined;
  return {
    async send({ url, method, headers: given, body }) {
      const headers = Object.fromEntries([...given].sort());
      const length = body?.length ?? (body?.content instanceof Uint8Array ? body.content.length : undefined);
      if (length !== undefined) headers['content-length'] = String(length);
      // Node would send a GET's stream without any framing.
      else if (body !== undefined) headers['transfer-encoding'] = 'chunked';

      // Node would add it by itself, and show it to nobody.
      headers.connection ??= 'keep-alive';

      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = clientOf(url).request(url, { method, headers }, resolve);
        sending = request;
        request.on('error', reject);
        // Unheard, it would leave this waiting for ever.
        request.on('upgrade', (_, socket) => {
          socket.destroy();
          reject(
            new CommandError(
              `${url.host}: the server switched to another protocol without being asked (status 101)`,
              WEIRD_ANSWER,
            ),
          );
        });
        if (trace !== undefined) follow(request, trace);
        if (body === undefined || body.content instanceof Uint8Array) request.end(body?.content);
        else {
          if (progress !== undefined) body.content.on('data', (chunk) => progress.sent(chunk.length, length));
          // A server may answer, and close, before it has seen the whole body: the answer counts.
          pipeline(body.content, request).catch(() => {});
        }
      });
      trace?.received(headLines(answer));
      return answer;
    },
    close: () => sending?.destroy(),
  };
}

/** As `import` would look at each of its exports, and that loads the global fetch. */
function clientOf({ protocol }: URL): typeof import('node:http') {
  return process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http') as typeof import('node:http');
}

/** Status line and headers, as received, with the empty line behind them. */
export function headOf(answer: IncomingMessage): Uint8Array {
  return Buffer.from(`${headLines(answer).join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Status line and headers, as received: one character for each byte. */
function headLines({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage): string[] {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return lines;
}

/** Tells of a connection once it is made, and of the request that goes over it. */
function follow(request: ClientRequest, trace: Trace): void {
  request.once('socket', (socket) => {
    const tell = () => {
      trace.about(`connected to ${request.host} (${socket.remoteAddress}), port ${socket.remotePort}`);
      if ('getCipher' in socket) {
        const tls = socket as TLSSocket;
        trace.about(`${tls.getProtocol()}, ${tls.getCipher().standardName}`);
      }
      const headers = request.getRawHeaderNames().map((name) => `${name}: ${request.getHeader(name)}`);
      trace.sent([`${request.method} ${request.path} HTTP/1.1`, ...headers]);
    };
    if (socket.connecting) socket.once('getCipher' in socket ? 'secureConnect' : 'connect', tell);
    else tell();
  });
}
