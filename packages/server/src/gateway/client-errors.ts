/** Responses to bytes that are not an HTTP request, or not one that is read here. */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** By the code of Node's error; everything else is a 400. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Answers as `node:http` does by default, with one difference: after the response to a bad head the connection is not cut at once, so
 * that a client that is still sending can read it.
 */
export function answerClientErrors(server: Server): void {
  const responses = new WeakMap<object, ServerResponse>();
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.prependListener(event, ({ socket }: IncomingMessage, response: ServerResponse) => {
      responses.set(socket, response);
    });
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const response = responses.get(socket);
    // The last one: if it is written, so are those before it.
    const isUnderWay = response !== undefined && !response.writableFinished;
    const mayWrite = socket.writable && !(isUnderWay && response.headersSent);
    const status = STATUSES[error.code ?? ''] ?? 400;
    if (mayWrite)
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    if (mayWrite && !isUnderWay) socket.destroySoon();
    else socket.destroy(error);
  });
}
