/** Opens the connection for one hop: directly, through a socket file, or through a proxy; and secures it with TLS. */
import type { Socket } from 'node:net';
import type { Measurements } from '../measurements.ts';
import type { HttpProxy } from './proxy.ts';
import type { ConnectionSettings, Observers } from './settings.ts';
import { openSocket, secure } from './socket.ts';

/** A connection that is ready for a request. */
export interface Connection {
  readonly socket: Socket;
  /** The proxy that reads and forwards the request; set for unencrypted requests only. */
  readonly forwarder: HttpProxy | undefined;
  /** Whether the connection stays on this machine. */
  readonly isLocal: boolean;
  /** Name of the server or proxy that receives the request, for messages. */
  readonly peer: string;
}

/** Opens a connection. @throws CommandError with curl's exit code */
export async function openConnection(
  url: URL,
  settings: ConnectionSettings,
  observers: Observers,
): Promise<Connection> {
  const { deadlines, measured } = observers;
  const proxy = settings.unixSocket === undefined ? settings.proxyFor(url) : undefined;
  deadlines.connecting(proxy?.name ?? url.host);
  const isSecure = url.protocol === 'https:';
  let socket: Socket;
  if (proxy === undefined) {
    socket = await openSocket(url, url.host, settings, observers);
  } else {
    const { connectToProxy, openTunnel } = await import('./tunnel.ts');
    socket = await connectToProxy(proxy, settings, observers);
    if (isSecure) socket = await openTunnel(socket, proxy, url, observers);
  }
  noteAddresses(socket, measured);
  const isLocal = proxy === undefined && (settings.unixSocket !== undefined || isLoopback(socket.remoteAddress));
  const { remoteAddress, remotePort } = socket;
  observers.trace?.about(
    `connected to ${proxy?.name ?? settings.unixSocket ?? url.hostname}${remoteAddress === undefined ? '' : ` (${remoteAddress}), port ${remotePort}`}`,
  );
  if (isSecure) socket = await secure(socket, url, settings.tls, observers, url.host);
  deadlines.connected();
  measured.connections += 1;
  const forwarder = isSecure ? undefined : proxy;
  return { socket, forwarder, isLocal, peer: forwarder?.name ?? url.host };
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127\.|::1$)/.test(address);
}

function noteAddresses(socket: Socket, measured: Measurements): void {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  measured.remote = remoteAddress === undefined ? undefined : { address: remoteAddress, port: remotePort ?? 0 };
  measured.local = localAddress === undefined ? undefined : { address: localAddress, port: localPort ?? 0 };
}
