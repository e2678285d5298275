/** Refuses requests to switch protocols, such as WebSocket handshakes, for which Node makes no response object. */
import { type RefusedResult, TITLES } from '../server/refusal-response.ts';

/** The part of the socket of an `upgrade` event that the adapter uses. */
export interface UpgradeSocket {
  on(event: 'error', listener: () => void): unknown;
  once(event: 'finish', listener: () => void): unknown;
  resume(): unknown;
  end(text: string): unknown;
  destroy(): unknown;
}

/** Ignores errors of a socket. Node stops to handle them before it emits `upgrade`, and an error that nobody handles ends the process. */
export function ignoreErrors(socket: UpgradeSocket): void {
  socket.on('error', () => {});
}

/**
 * Sends the response to a refused request of the event `upgrade`, and closes the connection.
 *
 * @param socket - from the event; nothing has been written to it
 * @param result - the refusal, which is sent unchanged
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { Authenticator } from 'asymmetric-jwt-auth';
 * import { readNodeRequest, writeUpgradeRefusal } from 'asymmetric-jwt-auth/node';
 *
 * function guard<User>(auth: Authenticator<User>) {
 *   createServer().on('upgrade', async (request, socket) => {
 *     socket.on('error', () => {}); // an error that nobody handles ends the process
 *     const result = await auth.authenticate(readNodeRequest(request, request.url, []));
 *     if (!result.ok) writeUpgradeRefusal(socket, result);
 *   });
 * }
 * ```
 */
export function writeUpgradeRefusal(socket: UpgradeSocket, result: RefusedResult): void {
  const { status, headers, body } = result;
  const all = {
    date: new Date().toUTCString(),
    connection: 'close',
    'content-length': UTF_8.encode(body).length,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  ignoreErrors(socket);
  // With unread bytes of the caller, closing would reset the connection, which can destroy the response (RFC 9112 §9.6).
  socket.resume();
  // The caller could otherwise keep its half of the connection open.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${TITLES[status]}\r\n${lines.join('')}\r\n${body}`);
}

const UTF_8 = new TextEncoder();
