/** How many requests of one connection may be open at a time. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressGroup } from './client-address.ts';

/**
 * Requests that a connection may have sent before their responses. Proxies and clients wait for each response; whoever does not
 * makes the server read hundreds of requests at once, before those of anybody else.
 */
const MOST_OPEN = 16;
/** Milliseconds for which connections from an address that has sent too many are read with care. */
const REMEMBERED = 60_000;
/** Addresses that are remembered; the oldest gives way to a new one. */
const MOST_REMEMBERED = 10_000;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface PipelineLimit {
  /** Wraps a handler: a connection with too many open requests is closed, and no more of its requests are handled. */
  wrap(handle: Handler): Handler;
  /** Called with each new connection. */
  accept(socket: Socket): void;
}

/**
 * Makes a limit for the connections of one server.
 *
 * @param exceeded - called with the request that is one too many
 */
export function pipelineLimit(exceeded: (request: IncomingMessage) => void): PipelineLimit {
  const open = new WeakMap<Socket, number>();
  /** When it was last seen, by the group of the peer's address; the oldest first. */
  const careless = new Map<string, number>();

  function remember(socket: Socket): void {
    const group = groupOf(socket);
    careless.delete(group);
    if (careless.size >= MOST_REMEMBERED) careless.delete(careless.keys().next().value as string);
    careless.set(group, performance.now());
  }

  return {
    wrap: (handle) => (request, response) => {
      const { socket } = request;
      // Node has read it together with the one that was too many.
      if (socket.destroyed) return;
      const requests = (open.get(socket) ?? 0) + 1;
      if (requests > MOST_OPEN) {
        remember(socket);
        socket.destroy();
        return exceeded(request);
      }
      open.set(socket, requests);
      response.once('close', () => open.set(socket, (open.get(socket) as number) - 1));
      handle(request, response);
    },
    accept(socket) {
      if (careless.size === 0) return;
      const seen = careless.get(groupOf(socket));
      if (seen !== undefined && performance.now() - seen < REMEMBERED) readInSlices(socket);
    },
  };
}

/** Peers without an address that can be read share one group. */
function groupOf({ remoteAddress = '' }: Socket): string {
  return addressGroup(remoteAddress) ?? '';
}

/** Bytes: a request or two. */
const SLICE = 2048;

/**
 * Makes a new connection of an HTTP server hand its bytes to the parser in slices, and no more of them once it is destroyed.
 *
 * Otherwise Node parses all that it has read, 64 kB at a time, which takes tens of milliseconds if it is hundreds of requests, even
 * if the first few have closed the connection. Reading in slices costs some microseconds a request, and so is not done for everybody.
 */
function readInSlices(socket: Socket, slice = SLICE): void {
  // The HTTP server's own listener; a version of Node without one reads as usual.
  const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (parse === undefined) return;
  socket.off('data', parse);
  socket.on('data', (bytes: Buffer) => {
    for (let at = 0; at < bytes.length && !socket.destroyed && !socket.writableEnded; at += slice)
      parse(bytes.subarray(at, at + slice));
  });
}
