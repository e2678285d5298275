/** Closes connections that stay open without a request. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Closes connections that are without a request for more than `limit` milliseconds, even if they send bytes. Node's own timers restart
 * with every byte, so an occasional empty line would keep a connection open forever.
 */
export function closeIdleConnections(server: Server, limit: number): void {
  const waiting = new WeakMap<Socket, { requests: number; readonly timer: NodeJS.Timeout }>();

  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => {
      if (connection.requests === 0) socket.destroy();
    }, limit).unref();
    const connection = { requests: 0, timer };
    waiting.set(socket, connection);
    socket.once('close', () => clearTimeout(timer));
  });

  function begin({ socket }: IncomingMessage, response: ServerResponse): void {
    const connection = waiting.get(socket);
    if (connection === undefined) return;
    connection.requests += 1;
    response.once('close', () => {
      connection.requests -= 1;
      if (connection.requests === 0 && !socket.destroyed) connection.timer.refresh();
    });
  }
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, begin);
}
