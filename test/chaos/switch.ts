/** An address whose server can be switched, like a virtual IP address or a DNS name. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class Switch {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #target: { port: number };

  private constructor(server: Server, sockets: Set<Socket>, target: { port: number }) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#sockets = sockets;
    this.#target = target;
  }

  static async to(port: number): Promise<Switch> {
    const target = { port };
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const onward = connect(target.port, '127.0.0.1');
      for (const [one, other] of [
        [client, onward],
        [onward, client],
      ] as const) {
        sockets.add(one);
        one.pipe(other);
        one.on('error', () => {});
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Switch(server, sockets, target);
  }

  /** Switches to another server; existing connections are closed. */
  turn(port: number): void {
    this.#target.port = port;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
