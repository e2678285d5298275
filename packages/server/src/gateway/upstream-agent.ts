/** Connections to the application. */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';

/** Idle connections that are kept to the application. */
const IDLE_CONNECTIONS = 256;
/**
 * Milliseconds that an idle connection is kept; less where the application's `Keep-Alive` header says so. Many servers close after 5 s,
 * and a request with a body that meets such a close cannot be sent again.
 */
const IDLE_TIMEOUT = 4000;

/** @param keepAlive - whether connections are used again */
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
 * Makes a connection readable after a write has failed. An application may refuse a body before it has read it, and close: the next
 * write fails, Node destroys the socket, and the response that is already there would be lost. Here the rest of the body is discarded,
 * and reading ends when the response does, or fails.
 */
function readOnAfterFailedWrites(socket: Duplex): void {
  const write = socket._write;
  const writev = socket._writev;
  let isBroken = false;
  function tolerant(done: (error?: Error | null) => void) {
    return (error?: Error | null) => {
      if (error && !isBroken) {
        isBroken = true;
        // The agent would give it to another request.
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
