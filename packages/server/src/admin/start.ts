/** Prepares the admin listener of a server, in the process that owns it. */
import type { Server } from 'node:http';
import type { Readiness } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import type { Address, Config } from '../config.ts';
import type { DecisionFeed } from '../gateway/decision-feed.ts';
import { listen } from '../gateway/listener.ts';
import type { ProbeSource } from '../gateway/probes.ts';
import type { Snapshot } from '../metrics/exposition.ts';
import { decisionStream } from './decisions.ts';
import { createAdminServer } from './server.ts';

/** What the admin listener shows. */
export interface AdminSources {
  readonly readiness: () => Promise<Readiness>;
  /** Returns the metrics of all processes. */
  readonly snapshots: () => Promise<readonly Snapshot[]>;
  /** Follows the decisions of all processes. */
  readonly follow: DecisionFeed['follow'];
  readonly probes: ProbeSource;
}

export interface Admin {
  readonly server: Server;
  /** @returns the URL of the listener */
  listen(): Promise<string>;
  /** Ends the responses that would otherwise never end, so that the server can stop. */
  endStreams(): void;
}

export async function startAdmin(
  { readiness, snapshots, follow, probes }: AdminSources,
  { adminListen, adminUrl }: Pick<Config, 'adminListen' | 'adminUrl'>,
  log: Logger,
): Promise<Admin> {
  const { exposition } = await import('../metrics/exposition.ts');
  const metrics = async () => exposition(await snapshots());
  const decisions = decisionStream(follow);
  const server = createAdminServer({ readiness, metrics, decisions: decisions.handle, probes, adminUrl, log });
  return {
    server,
    endStreams: decisions.end,
    async listen() {
      const url = await listen(server, adminListen as Address, '--admin-listen');
      log.info(`admin listener: ${url} (/livez, /readyz, /metrics, /decisions)`);
      return url;
    },
  };
}
