/** Bodies that do not come to an end: an idle one is cut, one that nobody reads is not waited for. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Milliseconds without a byte after which a body is cut. */
const IDLE = 30_000;

/** Whether the request announced a body (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Whether a body was announced that did not come to its end. */
function isUnfinished(request: IncomingMessage): boolean {
  return !request.complete && hasBody(request);
}

/** Cuts the connection of a request whose body stands still, unless it is the reader who is slow. */
export function cutIdleBody(request: IncomingMessage, idle = IDLE): void {
  if (!isUnfinished(request)) return;
  const { socket } = request;
  const step = Math.max(1, Math.floor(idle / 6));
  let received = socket.bytesRead;
  let still = 0;
  const watch = setInterval(() => {
    if (request.complete || request.destroyed) return clearInterval(watch);
    // What waits here to be read was sent: then it is the application that is slow.
    const moves = socket.bytesRead !== received || request.readableLength > 0;
    received = socket.bytesRead;
    still = moves ? 0 : still + step;
    if (still >= idle) socket.destroy();
  }, step);
  watch.unref();
  request.once('close', () => clearInterval(watch));
}

/** Makes a response that does not wait for the body the last one on its connection. To be called before its headers are written. */
export function endUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  if (isUnfinished(request)) response.shouldKeepAlive = false;
}
