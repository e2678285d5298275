/** Opens sockets, and secures them with TLS. */
import { isIP, type LookupFunction, connect as netConnect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Deadlines } from '../limits.ts';
import { connectionError } from './errors.ts';
import { bareHost, portOf } from './hosts.ts';
import type { ConnectionSettings, Observers } from './settings.ts';
import type { TlsSettings } from './tls.ts';

/** Connects to a host without TLS, or to the socket file. @param peer - name for messages */
export async function openSocket(
  url: URL,
  peer: string,
  { family, pinned, unixSocket }: Pick<ConnectionSettings, 'family' | 'pinned' | 'unixSocket'>,
  { measured, deadlines }: Observers,
): Promise<Socket> {
  const host = bareHost(url);
  const port = portOf(url);
  const addresses = pinned.find((one) => one.port === port && (one.host === host || one.host === '*'))?.addresses;
  const options =
    unixSocket === undefined
      ? {
          host: isIP(host) !== 0 && addresses !== undefined ? (addresses[0] as string) : host,
          port,
          ...(family === undefined ? {} : { family }),
          ...(addresses === undefined ? {} : { lookup: lookupIn(addresses) }),
        }
      : { path: unixSocket };
  // Node would silently connect to an address of the other family.
  if (family !== undefined && 'host' in options && isIP(options.host) !== 0 && isIP(options.host) !== family) {
    throw connectionError({ code: 'EADDRNOTAVAIL' }, peer);
  }
  const socket = netConnect({ ...options, noDelay: true });
  // The next step detects an error that occurs between two steps; without a listener, the error would end the process.
  socket.on('error', () => {});
  socket.once('lookup', () => {
    measured.resolved ??= performance.now();
  });
  await ready(socket, 'connect', peer, deadlines);
  const now = performance.now();
  measured.resolved ??= now;
  measured.connected = now;
  return socket;
}

/** Starts TLS on a connection. @param peer - name for messages */
export async function secure(
  socket: Socket,
  url: URL,
  settings: TlsSettings,
  { measured, deadlines, trace }: Observers,
  peer: string,
): Promise<TLSSocket> {
  const { startTls } = await import('./tls.ts');
  const host = bareHost(url);
  const secured = await startTls(socket, host, settings);
  secured.on('error', () => {});
  await ready(secured, 'secureConnect', peer, deadlines);
  measured.secured = performance.now();
  trace?.about(`${secured.getProtocol()}, ${secured.getCipher().standardName}`);
  return secured;
}

/** Waits until a connection is ready. Closes it if a time limit is exceeded. */
async function ready(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  peer: string,
  { signal }: Deadlines,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const abort = () => socket.destroy(signal.reason);
    const settle = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort);
    socket.once(event, () => {
      settle();
      socket.off('error', fail).off('close', closed);
      resolve();
    });
    const fail = (error: Error) => {
      settle();
      reject(connectionError(error, peer));
    };
    const closed = () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    socket.once('error', fail).once('close', closed);
    if (signal.aborted) abort();
  });
}

function lookupIn(addresses: readonly string[]): LookupFunction {
  return (_host, { all, family }, done) => {
    const wanted = family === 4 || family === 6 ? addresses.filter((one) => isIP(one) === family) : addresses;
    const found = wanted.map((address) => ({ address, family: isIP(address) }));
    const [first] = found;
    if (first === undefined) done(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 0);
    else if (all) done(null, found);
    else done(null, first.address, first.family);
  };
}
