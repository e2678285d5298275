/** Responses to bytes that are not a valid HTTP request, or that exceed a limit of the parser. */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Statuses by the error codes of Node; all other errors get a 400. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Responds as `node:http` does by default, with one difference: the connection is not destroyed at once after the response to a bad
 * head, so that a client that is still sending can read it.
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
    // If the last response of the connection was written, all earlier ones were too.
    const isUnderWay = response !== undefined && !response.writableFinished;
    const mayWrite = socket.writable && !(isUnderWay && response.headersSent);
    const status = STATUSES[error.code ?? ''] ?? 400;
    if (mayWrite)
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    if (mayWrite && !isUnderWay) socket.destroySoon();
    else socket.destroy(error);
  });
}
