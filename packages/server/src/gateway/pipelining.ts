/** Limits how many requests of one connection may be in flight. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setNewest } from '../set-newest.ts';
import { addressGroup } from './client-address.ts';
import type { RequestCount } from './request-count.ts';

/**
 * Maximum number of requests in flight on a connection. Proxies and ordinary clients wait for each response. A client that doesn't
 * wait makes the server read hundreds of its requests before the requests of others.
 */
const MOST_OPEN = 16;
/** After an address exceeds the limit, its new connections are read in slices for this many milliseconds. */
const REMEMBERED = 60_000;
/** Maximum number of remembered addresses; a new address replaces the oldest. */
const MOST_REMEMBERED = 10_000;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface PipelineLimit {
  /** Wraps a handler. A connection that exceeds the limit is closed, and no more of its requests are handled. */
  wrap(handle: Handler): Handler;
  /** Called with each new connection. */
  accept(socket: Socket): void;
}

/**
 * Makes a limit for the connections of one server.
 *
 * @param count - counts the requests of the server
 * @param exceeded - called with the request that exceeds the limit
 */
export function pipelineLimit(count: RequestCount, exceeded: (request: IncomingMessage) => void): PipelineLimit {
  /** Time at which a peer last exceeded the limit, by address group; the oldest entry comes first. */
  const careless = new Map<string, number>();

  function remember(socket: Socket): void {
    setNewest(careless, groupOf(socket), performance.now(), MOST_REMEMBERED);
  }

  return {
    wrap: (handle) => (request, response) => {
      const { socket } = request;
      // Node read this request together with the one that exceeded the limit.
      if (socket.destroyed) return;
      if (count.of(socket) >= MOST_OPEN) {
        remember(socket);
        socket.destroy();
        return exceeded(request);
      }
      count.add(socket, response);
      handle(request, response);
    },
    accept(socket) {
      if (careless.size === 0) return;
      const seen = careless.get(groupOf(socket));
      if (seen !== undefined && performance.now() - seen < REMEMBERED) readInSlices(socket);
    },
  };
}

/** Peers without a readable address share one group. */
function groupOf({ remoteAddress = '' }: Socket): string {
  return addressGroup(remoteAddress) ?? '';
}

/** Bytes in a slice, which holds one or two requests. */
const SLICE = 2048;

/**
 * Makes a new connection pass its bytes to the HTTP parser in slices, until it is destroyed.
 *
 * Otherwise Node parses up to 64 kB at once. With hundreds of requests, this takes tens of milliseconds, even if the first few have
 * closed the connection. Slices cost some microseconds a request, so only connections that need them are read this way.
 */
function readInSlices(socket: Socket, slice = SLICE): void {
  // This listener belongs to the HTTP server. If a version of Node has no such listener, the connection is read as usual.
  const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (parse === undefined) return;
  socket.off('data', parse);
  socket.on('data', (bytes: Buffer) => {
    for (let at = 0; at < bytes.length && !socket.destroyed && !socket.writableEnded; at += slice)
      parse(bytes.subarray(at, at + slice));
  });
}
