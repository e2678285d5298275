/** Connects to a proxy, and opens a tunnel through it (RFC 9110 §9.3.6). */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { BAD_PROXY_HOST, CANNOT_RESOLVE, PROXY_REFUSED } from '../exit-codes.ts';
import { connectionError, NoConnectionError } from './errors.ts';
import { portOf } from './hosts.ts';
import type { HttpProxy } from './proxy.ts';
import type { ConnectionSettings, Observers } from './settings.ts';
import { openSocket, secure } from './socket.ts';

/** Connects to a proxy, with TLS if its URL begins with https. `-k`, `--cacert` and `--tls-cert` are for the server, not for the proxy. */
export async function connectToProxy(
  { url, name }: HttpProxy,
  { family, pinned }: ConnectionSettings,
  observers: Observers,
): Promise<Socket> {
  try {
    const socket = await openSocket(url, name, { family, pinned, unixSocket: undefined }, observers);
    if (url.protocol === 'http:') return socket;
    return await secure(socket, url, { insecure: false }, observers, name);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== CANNOT_RESOLVE) throw error;
    throw new NoConnectionError(error.message, BAD_PROXY_HOST);
  }
}

/** Opens a tunnel to the host of a URL. @returns the connection to the proxy, which now leads to the host */
export async function openTunnel(
  socket: Socket,
  { name, authorization }: HttpProxy,
  url: URL,
  { deadlines: { signal }, measured, trace }: Observers,
): Promise<Socket> {
  const target = `${url.hostname}:${portOf(url)}`;
  const { request } = process.getBuiltinModule('node:http');
  const headers = {
    host: target,
    'user-agent': 'ajwt',
    'proxy-connection': 'keep-alive',
    ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
  };
  trace?.about(`${name}: opening a tunnel to ${target}`);
  const abort = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    const { statusCode = 0, statusMessage } = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request({ method: 'CONNECT', path: target, headers, createConnection: () => socket });
      asked.once('connect', (response, _socket, head: Buffer) => {
        if (head.length > 0) socket.unshift(head);
        resolve(response);
      });
      asked.once('response', resolve);
      asked.once('error', (error) => reject(connectionError(error, name)));
      asked.end();
    });
    measured.proxyStatus = statusCode;
    if (statusCode >= 200 && statusCode < 300) return socket;
    socket.destroy();
    const advice = statusCode === 407 ? '; give its username and password in its URL: http://NAME:PASSWORD@…' : '';
    throw new NoConnectionError(
      `${name}: refused to connect to ${target}: ${`${statusCode} ${statusMessage ?? ''}`.trim()}${advice}`,
      PROXY_REFUSED,
    );
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
