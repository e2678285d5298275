/** Reading a connection a little at a time. */
import type { Socket } from 'node:net';

/** Bytes: a request or two. */
const SLICE = 2048;

/**
 * Makes a new connection of an HTTP server hand its bytes to the parser in slices, and no more of them once it is destroyed.
 *
 * Otherwise Node parses all that it has read, 64 kB at a time, which takes tens of milliseconds if it is hundreds of requests, even
 * if the first few have closed the connection. Reading in slices costs some microseconds a request, and so is not done for everybody.
 */
export function readInSlices(socket: Socket, slice = SLICE): void {
  // The HTTP server's own listener; a version of Node without one reads as usual.
  const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (parse === undefined) return;
  socket.off('data', parse);
  socket.on('data', (bytes: Buffer) => {
    for (let at = 0; at < bytes.length && !socket.destroyed && !socket.writableEnded; at += slice)
      parse(bytes.subarray(at, at + slice));
  });
}
