/** Connections to the application. */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';

/** Maximum idle connections to the application. */
const IDLE_CONNECTIONS = 256;
/**
 * Milliseconds for which an idle connection is kept, unless the application's `Keep-Alive` header gives a shorter time. Many servers close
 * theirs after 5 s, and a request with a body that is sent at that moment cannot be repeated.
 */
const IDLE_TIMEOUT = 4000;

/** Makes an agent for connections to the application. @param keepAlive - whether connections are reused */
export function upstreamAgent({ protocol }: URL, { keepAlive }: { readonly keepAlive: boolean }): http.Agent {
  const { Agent } = protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_TIMEOUT });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => {
    const socket = connect(options, done);
    if (socket) readOnAfterFailedWrites(socket);
    return socket;
  };
  return agent;
}

/**
 * Keeps a connection readable after a failed write. An application may refuse a body before it has read all of it, and close the
 * connection: the next write fails, Node destroys the socket, and a response that has already arrived would be lost. Instead, the rest
 * of the body is discarded, and the response is read to its end.
 */
function readOnAfterFailedWrites(socket: Duplex): void {
  const write = socket._write;
  const writev = socket._writev;
  let isBroken = false;
  function tolerant(done: (error?: Error | null) => void) {
    return (error?: Error | null) => {
      if (error && !isBroken) {
        isBroken = true;
        // Otherwise the agent would reuse the connection for another request.
        socket.once('free', () => socket.destroy());
      }
      done();
    };
  }
  socket._write = (chunk, encoding, done) => {
    if (isBroken) done();
    else write.call(socket, chunk, encoding, tolerant(done));
  };
  if (writev === undefined || writev === null) return;
  socket._writev = (chunks, done) => {
    if (isBroken) done();
    else writev.call(socket, chunks, tolerant(done));
  };
}
