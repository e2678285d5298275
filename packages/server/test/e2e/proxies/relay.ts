/** A connection between proxies and ajwtd that tests can break. */
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from 'ajwt-testkit/servers/process';

/** Relays connections to ajwtd. */
export interface Relay {
  readonly port: number;
  /** Breaks each connection as soon as ajwtd responds, so that the response is lost. */
  losesResponses: boolean;
  /** Number of requests to ajwtd so far. */
  readonly requests: number;
  /** Breaks all connections, and refuses new ones until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Starts a relay. @param target - port of ajwtd */
export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk) => {
      // A proxy writes a request's head in a single chunk, so each chunk with a head is one request.
      requests += chunk.toString('latin1').match(/^[A-Z]+ \/\.ajwt\/auth\S* HTTP\/1\.[01]\r$/gm)?.length ?? 0;
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (relay.losesResponses) near.destroy();
      else near.write(chunk);
    });
  });
  const relay = {
    port: await freePort(),
    losesResponses: false,
    get requests() {
      return requests;
    },
    up: () => new Promise<void>((done) => server.listen(relay.port, '127.0.0.1', done)),
    down() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
  await relay.up();
  return relay;
}
