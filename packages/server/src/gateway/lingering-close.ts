/**
 * Closes a connection in a way that lets its client read the response. If a server closes a connection on which unread bytes arrive, the
 * kernel resets it, and the client may lose the response, as in an upload that is refused before its end. So the server's half is
 * closed first, and what still comes is discarded (nginx calls this a lingering close).
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How long a client may go on sending after the end of the response, in milliseconds. */
export interface LingeringLimits {
  /** Without a byte. */
  readonly idle: number;
  readonly total: number;
}

const LIMITS: LingeringLimits = { idle: 5000, total: 30_000 };

/** Makes a server close lingeringly whenever it closes a connection after a response. */
export function closeLingeringly(server: Server, limits: LingeringLimits = LIMITS): void {
  server.on('connection', (socket: Socket) => {
    // node:http calls this after the last response on a connection.
    socket.destroySoon = once(() => linger(socket, limits));
  });
}

function linger(socket: Socket, { idle, total }: LingeringLimits): void {
  socket.end();
  const destroy = () => socket.destroy();
  const timers = [setTimeout(destroy, idle).unref(), setTimeout(destroy, total).unref()] as const;
  socket.once('close', () => timers.forEach(clearTimeout));
  // Nothing reaches the HTTP parser any more: what still comes is not a request.
  socket.removeAllListeners('data');
  socket.on('data', () => timers[0].refresh());
  // Reading stands still if nobody has read the body, and only this starts it again.
  socket._read(0);
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
