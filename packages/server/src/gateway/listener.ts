/** Starts and stops the listeners of a server. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from 'ajwt-cli-kit';
import type { Address } from '../config.ts';

/** Maximum milliseconds that requests in flight may take to finish after a stop. */
const GRACE = 10_000;

/**
 * Starts to listen.
 *
 * @param option - the option with the address, for messages
 * @returns the URL of the server
 * @throws CommandError if the address cannot be used
 */
export async function listen(server: Server, { host, port }: Address, option: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve();
    });
  }).catch((error: NodeJS.ErrnoException) => {
    const reason =
      error.code === 'EADDRINUSE'
        ? `the address is in use; choose another with ${option}`
        : (error.code ?? error.message);
    throw new CommandError(`cannot listen on ${host}:${port}: ${reason}`);
  });
  const { address, port: given, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${given}`;
}

/**
 * Closes a server: requests in flight may finish, idle connections are closed, and each response closes its connection.
 *
 * @param beforeCut - called before requests in flight are cut off
 */
export async function closeServer(server: Server, beforeCut: () => void = () => {}): Promise<void> {
  if (!server.listening) return;
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  const closed = new Promise((resolve) => server.close(resolve));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const end = setTimeout(() => {
    beforeCut();
    server.closeAllConnections();
  }, GRACE);
  await closed;
  clearInterval(idle);
  clearTimeout(end);
}
