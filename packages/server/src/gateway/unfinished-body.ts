/** Handles incomplete request bodies: closes the connection of a stalled body, and does not wait for an unread one. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A connection is closed after this many milliseconds without a byte. */
const IDLE = 30_000;

/** Returns whether the request has a body (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Returns whether the request has a body that has not fully arrived. */
function isUnfinished(request: IncomingMessage): boolean {
  return !request.complete && hasBody(request);
}

/** Closes the connection of a request whose body makes no progress, unless the application is the slow side. */
export function cutIdleBody(request: IncomingMessage, idle = IDLE): void {
  if (!isUnfinished(request)) return;
  const { socket } = request;
  const step = Math.max(1, Math.floor(idle / 6));
  let received = socket.bytesRead;
  let still = 0;
  const watch = setInterval(() => {
    if (request.complete || request.destroyed) return clearInterval(watch);
    // If received bytes are still unread, the application is slow, not the client.
    const moves = socket.bytesRead !== received || request.readableLength > 0;
    received = socket.bytesRead;
    still = moves ? 0 : still + step;
    if (still >= idle) socket.destroy();
  }, step);
  watch.unref();
  request.once('close', () => clearInterval(watch));
}

/** If the body has not fully arrived, makes the response the last one of its connection. Call it before writing the headers. */
export function endUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  if (isUnfinished(request)) response.shouldKeepAlive = false;
}
