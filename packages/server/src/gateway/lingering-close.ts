/**
 * Closes a connection so that its client can still read the response. If a server closes a connection while unread bytes arrive, the
 * kernel resets it and the client may lose the response, for example to a refused upload. So the server closes its half first, and
 * discards what still arrives (nginx calls this a lingering close).
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How long a client may continue to send after the end of the response, in milliseconds. */
export interface LingeringLimits {
  /** Without sending a byte. */
  readonly idle: number;
  readonly total: number;
}

const LIMITS: LingeringLimits = { idle: 5000, total: 30_000 };

/** Makes a server linger whenever it closes a connection after a response. */
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
  // Disconnects the HTTP parser: bytes that still arrive are not a request.
  socket.removeAllListeners('data');
  socket.on('data', () => timers[0].refresh());
  // If the body was not read, reading is paused, and only this call resumes it.
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
