/** Closes connections that stay open without a request. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestCount } from './request-count.ts';

/**
 * Closes connections that are without a request for more than `limit` milliseconds, even if they send bytes. Node's own timers restart
 * with every byte, so an occasional empty line would keep a connection open forever.
 *
 * @param requests - counts the requests of the server
 */
export function closeIdleConnections(server: Server, limit: number, requests: RequestCount): void {
  const timers = new WeakMap<Socket, NodeJS.Timeout>();

  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => {
      if (requests.of(socket) === 0) socket.destroy();
    }, limit).unref();
    timers.set(socket, timer);
    socket.once('close', () => clearTimeout(timer));
  });
  requests.onIdle((socket) => {
    if (!socket.destroyed) timers.get(socket)?.refresh();
  });
}
