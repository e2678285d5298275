/** Detects that an application makes no progress with a request. */
import type { ClientRequest } from 'node:http';

/**
 * Calls `expire` once if the application makes no progress for `limit` milliseconds: if it does not accept the connection, stops
 * reading the body, or has the whole request and does not begin its response. Time spent waiting for a slow client does not count.
 */
export function watchProgress(outgoing: ClientRequest, limit: number, expire: () => void): void {
  let isOver = false;
  const timer = setTimeout(() => {
    if (isWaitingForClient(outgoing)) timer.refresh();
    else expire();
  }, limit);
  const restart = () => {
    if (!isOver) timer.refresh();
  };
  const end = () => {
    isOver = true;
    clearTimeout(timer);
  };
  outgoing.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', restart);
  });
  outgoing.on('drain', restart).on('finish', restart).on('information', restart);
  outgoing.once('response', end).once('close', end);
}

function isWaitingForClient({ socket, writableEnded, writableNeedDrain }: ClientRequest): boolean {
  return socket?.connecting === false && !writableEnded && !writableNeedDrain;
}
