/** Prepares the admin listener of a server, in the process that owns it. */
import type { Server } from 'node:http';
import type { Readiness } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import type { Address, Config } from '../config.ts';
import { listen } from '../gateway/listener.ts';
import type { Snapshot } from '../metrics/exposition.ts';
import { createAdminServer } from './server.ts';

/** What the admin listener shows. */
export interface AdminSources {
  readonly readiness: () => Promise<Readiness>;
  /** Returns the metrics of all processes. */
  readonly snapshots: () => Promise<readonly Snapshot[]>;
}

export interface Admin {
  readonly server: Server;
  /** @returns the URL of the listener */
  listen(): Promise<string>;
}

export async function startAdmin(
  { readiness, snapshots }: AdminSources,
  { adminListen, adminUrl }: Pick<Config, 'adminListen' | 'adminUrl'>,
  log: Logger,
): Promise<Admin> {
  const { exposition } = await import('../metrics/exposition.ts');
  const metrics = async () => exposition(await snapshots());
  const server = createAdminServer({ readiness, metrics, adminUrl, log });
  return {
    server,
    async listen() {
      const url = await listen(server, adminListen as Address, '--admin-listen');
      log.info(`admin listener: ${url} (/livez, /readyz, /metrics)`);
      return url;
    },
  };
}
