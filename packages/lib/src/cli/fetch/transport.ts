/**
 * Sends requests with `node:http`, which leaves all bytes unchanged. The global fetch would decompress the response, refuse a GET with a
 * body, hide the raw headers, and add its own headers; it takes as long to load as the rest of the command.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { RequestBody } from './body.ts';
import type { Connection } from './connection/connect.ts';
import type { Observers } from './connection/settings.ts';
import { transferError, WEIRD_RESPONSE } from './exit-codes.ts';
import type { Progress } from './progress.ts';

/** A request to send. */
export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: RequestBody | undefined;
}

/**
 * Sends a request on a connection.
 *
 * @param progress - receives the number of body bytes sent
 * @returns the response, as soon as its headers have arrived
 * @throws CommandError with the exit code of curl
 */
export async function send(
  { url, method, headers: given, body }: OutgoingRequest,
  { socket, forwarder, peer }: Connection,
  { trace, measured, deadlines }: Observers,
  progress: Progress | undefined,
): Promise<IncomingMessage> {
  const headers = Object.fromEntries([...given].sort());
  const length = body?.length ?? (body?.content instanceof Uint8Array ? body.content.length : undefined);
  if (length !== undefined) headers['content-length'] = String(length);
  // Without this, Node would send the streamed body of a GET without any framing.
  else if (body !== undefined) headers['transfer-encoding'] = 'chunked';
  // Node would add these headers too, but the trace would not show the first, and the second would lack the port.
  headers.connection ??= 'keep-alive';
  if (headers.host === undefined) headers.Host = url.host;
  if (forwarder?.authorization !== undefined) headers['proxy-authorization'] = forwarder.authorization;

  const { signal } = deadlines;
  const abort = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    // A time limit may have been exceeded during signing.
    if (signal.aborted) throw signal.reason;
    if (socket.destroyed) throw Object.assign(new Error('closed'), { code: 'ECONNRESET' });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = clientRequest({
        method,
        path: forwarder === undefined ? url.pathname + url.search : url.href,
        headers,
        createConnection: () => socket,
      });
      request.once('response', resolve);
      request.on('error', reject);
      request.once('finish', () => deadlines.sent(peer));
      // Without a listener, the promise would never settle.
      request.on('upgrade', () => {
        socket.destroy();
        reject(
          new CommandError(
            `${url.host}: the server switched to another protocol without being asked (status 101)`,
            WEIRD_RESPONSE,
          ),
        );
      });
      const head = requestLines(request);
      measured.requestSize += head.reduce((sum, line) => sum + line.length + 2, 2);
      measured.sending = performance.now();
      trace?.sent(head);
      if (body === undefined || body.content instanceof Uint8Array) {
        measured.uploaded = length ?? 0;
        request.end(body?.content);
      } else {
        body.content.on('data', (chunk) => {
          measured.uploaded += chunk.length;
          progress?.sent(chunk.length, length);
        });
        // A server may respond and close the connection before the whole body is sent: the response counts.
        pipeline(body.content, request).catch(() => {});
      }
    });
    deadlines.answered();
    measured.answered = performance.now();
    const lines = headLines(response);
    measured.headSize += lines.reduce((sum, line) => sum + line.length + 2, 2);
    trace?.received(lines);
    return response;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw transferError(error, peer);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Loads the module without `import`: an import reads every export, and one export loads the global fetch. */
function clientRequest(options: RequestOptions): ClientRequest {
  return process.getBuiltinModule('node:http').request(options);
}

function requestLines(request: ClientRequest): string[] {
  const headers = request.getRawHeaderNames().map((name) => `${name}: ${request.getHeader(name)}`);
  return [`${request.method} ${request.path} HTTP/1.1`, ...headers];
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
