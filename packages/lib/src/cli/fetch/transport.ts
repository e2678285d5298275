/**
 * The fetch underneath, on `node:http`: it sends and receives bytes as they are. The global one would decompress the answer,
 * refuse a GET with a body, hide the raw headers, and add some of its own.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

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

export function createTransport(): Transport {
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

      answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request = send(url, { method, headers }, resolve);
        request.on('error', reject);
        if (body instanceof ReadableStream) {
          // A server may answer, and close, before it has seen the whole body: the answer counts.
          pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), request).catch(() => {});
        } else request.end(body);
      });
      return toResponse(answer);
    },
    head: () => headOf(answer),
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

function headOf(answer: IncomingMessage | undefined): Uint8Array {
  if (answer === undefined) return new Uint8Array();
  const { httpVersion, statusCode, statusMessage, rawHeaders } = answer;
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
