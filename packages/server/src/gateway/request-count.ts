/** Counts the requests in flight of a server and of each of its connections. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Counts requests from their arrival until their responses are complete or their connection is closed. */
export class RequestCount {
  readonly #ofSocket = new WeakMap<Socket, number>();
  #inAll = 0;
  #idle: (socket: Socket) => void = () => {};

  /** Number of requests in flight on all connections. */
  get inAll(): number {
    return this.#inAll;
  }

  /** Returns the number of requests in flight on a connection. */
  of(socket: Socket): number {
    return this.#ofSocket.get(socket) ?? 0;
  }

  /** Counts a request until its response closes. */
  add(socket: Socket, response: ServerResponse): void {
    this.#inAll += 1;
    this.#ofSocket.set(socket, this.of(socket) + 1);
    response.once('close', () => {
      this.#inAll -= 1;
      const left = this.of(socket) - 1;
      this.#ofSocket.set(socket, left);
      if (left === 0) this.#idle(socket);
    });
  }

  /** @param idle - called when the last request in flight on a connection has ended */
  onIdle(idle: (socket: Socket) => void): void {
    this.#idle = idle;
  }
}

/** Makes a count of all requests of a server. */
export function countRequests(server: Server): RequestCount {
  const count = new RequestCount();
  const add = ({ socket }: IncomingMessage, response: ServerResponse) => count.add(socket, response);
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, add);
  return count;
}
