import type { Server } from 'node:http';
import { listen } from 'ajwt-testkit/listen';
import type { AdapterServer } from 'asymmetric-jwt-auth/testing';

/** Starts a server for the contract of adapters. */
export async function serve(server: Server): Promise<AdapterServer> {
  return { url: await listen(server), close: () => new Promise((resolve) => server.close(resolve)) };
}
