/**
 * The fetch underneath, on `node:http`: it sends and receives bytes as they are. The global one would decompress the answer,
 * refuse a GET with a body, hide the raw headers, and add some of its own.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import type { Progress } from './progress.ts';
import type { Trace } from './verbose.ts';

/** Answers with these have no body (Fetch Standard, null body status). */
const WITHOUT_BODY = [204, 205, 304];

/** One command's connection to the world. */
export interface Transport {
  readonly fetch: typeof fetch;
  /** Status line and headers of the last answer, as received, with the empty line behind them. */
  head(): Uint8Array;
  /** Stops sending a body that nobody waits for any more. */
  close(): void;
}

/**
 * @param trace - hears of requests and answers
 * @param progress - hears of a body's bytes that are sent
 */
export function createTransport(trace?: Trace, progress?: Progress): Transport {
  let request: ClientRequest | undefined;
  let answer: IncomingMessage | undefined;
  return {
    async fetch(input, init = {}) {
      const url = new URL(input instanceof Request ? input.url : input);
      const { request: send } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
      const { method = 'GET', body } = init;
      const headers = Object.fromEntries(new Headers(init.headers));
      if (body instanceof Uint8Array) headers['content-length'] = String(body.length);
      // Node would send a GET's stream without any framing.
      else if (body instanceof ReadableStream && !('content-length' in headers))
        headers['transfer-encoding'] = 'chunked';

      // Node would add it by itself, and show it to nobody.
      headers.connection ??= 'keep-alive';

      answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request = send(url, { method, headers }, resolve);
        request.on('error', reject);
        if (trace !== undefined) follow(request, trace);
        if (body instanceof ReadableStream) {
          // A server may answer, and close, before it has seen the whole body: the answer counts.
          const bytes = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
          const length = headers['content-length'];
          const total = length === undefined ? undefined : Number(length);
          if (progress !== undefined) bytes.on('data', (chunk) => progress.sent(chunk.length, total));
          pipeline(bytes, request).catch(() => {});
        } else request.end(body);
      });
      trace?.received(headLines(answer));
      return toResponse(answer);
    },
    head: () =>
      answer === undefined ? new Uint8Array() : Buffer.from(`${headLines(answer).join('\r\n')}\r\n\r\n`, 'latin1'),
    close: () => request?.destroy(),
  };
}

function toResponse(answer: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = '', headersDistinct } = answer;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const body = WITHOUT_BODY.includes(status) ? null : (Readable.toWeb(answer) as ReadableStream);
  return new Response(body, { status, statusText, headers });
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
