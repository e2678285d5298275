/** The composition root: creates all parts of a server and connects them. */
import cluster from 'node:cluster';
import { CommandError } from 'ajwt-cli-kit';
import { type AuthenticatorOptions, createAuthenticator, type Readiness } from 'asymmetric-jwt-auth';
import { jwksClient } from 'asymmetric-jwt-auth/jwks';
import type { Logger } from 'pino';
import { startAdmin } from './admin/start.ts';
import type { Config } from './config.ts';
import { openKeyStore } from './database/keys.ts';
import { type Database, openDatabase } from './database/open.ts';
import { chooseEd25519 } from './ed25519.ts';
import { accessLog } from './gateway/access-log.ts';
import { type DecisionFeed, decisionFeed } from './gateway/decision-feed.ts';
import type { Exchange } from './gateway/exchange.ts';
import { createGateway, type GatewaySettings } from './gateway/gateway.ts';
import { closeServer, listen } from './gateway/listener.ts';
import { measuredKeys, measuredNonces } from './gateway/measured-stores.ts';
import { overloadLog } from './gateway/overload.ts';
import { type ProbeSource, Probes } from './gateway/probes.ts';
import { createAgents, createProxy } from './gateway/proxy.ts';
import { upstreamFailureLog } from './gateway/upstream-failure-log.ts';
import { isOldKey, jwksWarnings, keyUsageWarnings, oldKeyWarnings, reportedRequests } from './gateway/warnings.ts';
import type { Snapshot } from './metrics/exposition.ts';
import type { Metrics } from './metrics/metrics.ts';
import { createNonceStore, nameOfNonces } from './nonces/store.ts';
import { createLineWriter } from './operations/log.ts';
import type { ServerSettings } from './operations/settings.ts';
import { type ProcessState, stateOf } from './operations/state.ts';

/** A running `ajwtd`. */
export interface App {
  readonly url: string;
  readonly adminUrl: string | undefined;
  /** Applies new settings to all requests that begin from now on, except the log level and settings that need a restart. */
  apply(settings: ServerSettings): void;
  state(): Promise<ProcessState>;
  /** Returns the metrics of this process; empty without an admin listener. */
  snapshot(): Promise<Snapshot>;
  /** Follows the decisions of this process. */
  follow: DecisionFeed['follow'];
  readonly probes: ProbeSource;
  /** Returns the number of requests whose responses are not complete. */
  inFlight(): number;
  /** Stops accepting requests, and waits up to 10 s for those in flight. @returns the number of requests that were cut off */
  stop(): Promise<number>;
}

/** Milliseconds between two readiness checks. */
const WATCH = 1000;

/**
 * Opens the stores and starts both listeners.
 *
 * @throws CommandError if the database, the nonce store or an address cannot be opened
 */
export async function startApp(first: ServerSettings, log: Logger): Promise<App> {
  const { config } = first;
  const database = await openDatabase(config.database, 'server', keyUsageWarnings(log));
  log.info({ created: database.created }, `database ${config.database.name}`);
  // The primary process has already logged the warnings.
  if (!cluster.isWorker) for (const warning of database.warnings) log.warn(warning);
  const { store: nonces, clock } = await createNonceStore(config, database, log);
  try {
    await nonces.open(seconds());
  } catch (error) {
    await nonces.close?.();
    await database.close();
    throw new CommandError(`cannot open the nonce store: ${(error as Error).message}`);
  }

  const ed25519 = chooseEd25519(log);
  logSecuritySettings(first, ed25519.name, log);
  const { tolerance, upstream } = config;
  const makeKeySets = ({ privateHosts }: Config) =>
    jwksClient({
      privateHosts,
      onProblem: jwksWarnings(log),
      onFetch: (problem) => metrics?.fetched(problem === undefined),
    });
  let keySets = makeKeySets(config);
  let { privateHosts } = config;
  const currentKeySets: typeof keySets = { jwksKeys: (urls, hint) => keySets.jwksKeys(urls, hint) };
  const { store, close: closeKeys } = await openKeyStore(database, currentKeySets, log);
  const lines = createLineWriter(log);
  const metrics =
    config.adminListen === undefined
      ? undefined
      : (await import('./metrics/start.ts')).startMetrics({
          ...{ nonces, keys: store, directory: database.directory, clock, tolerance },
          inFlight: () => gateway.inFlight(),
          droppedLines: () => lines.dropped,
        });
  const parts = {
    keys: measuredKeys(store),
    nonces: measuredNonces(nonces, metrics?.claimed),
    ed25519: ed25519.verify,
  };
  const requests = accessLog(config.accessLog, lines, log);
  const onResult = whatHappened(log, database, metrics);
  const upstreamFailures = upstreamFailureLog(log);
  const agents = upstream === undefined ? undefined : createAgents(upstream);

  function gatewaySettings({ config: present, published }: ServerSettings): GatewaySettings {
    const { audience, require, upstreamResponseTimeout: responseTimeout } = present;
    const auth = createAuthenticator({ ...parts, tolerance, audience, require, onResult });
    const proxy = upstream && agents ? createProxy({ upstream, responseTimeout }, agents, upstreamFailures) : undefined;
    return { auth, proxy, jwks: published, config: present };
  }

  const overloads = overloadLog(log, metrics?.shed);
  const settings = gatewaySettings(first);
  const { readiness } = settings.auth;
  const report = reportedRequests(log);
  const feed = decisionFeed();
  const finished = (exchange: Exchange) => {
    requests.write(exchange);
    report(exchange);
    metrics?.finished(exchange);
    feed.write(exchange);
  };
  const probes = new Probes();
  const gateway = createGateway({ ...settings, overloads, finished, probes, log });
  const snapshot = async () => (await metrics?.snapshot()) ?? [];
  // The primary process has the admin listener of its workers.
  const admin =
    config.adminListen === undefined || cluster.isWorker
      ? undefined
      : await startAdmin(
          { readiness, probes, snapshots: async () => [await snapshot()], follow: feed.follow },
          config,
          log,
        );
  const servers = admin === undefined ? [gateway.server] : [gateway.server, admin.server];

  function apply(next: ServerSettings): void {
    const present = gatewaySettings(next);
    if (String(next.config.privateHosts) !== String(privateHosts)) keySets = makeKeySets(next.config);
    privateHosts = next.config.privateHosts;
    gateway.apply(present);
    requests.use(next.config.accessLog);
  }

  const endWatch = watchReadiness(readiness, log);
  // A second signal ends the process at once.
  const flushLogs = () => {
    requests.flush();
    overloads.flush();
    upstreamFailures.flush();
    lines.flushSync();
  };
  process.on('exit', flushLogs);
  async function stop(): Promise<number> {
    endWatch();
    admin?.endStreams();
    let cut = 0;
    await Promise.all(
      servers.map((server) =>
        closeServer(server, () => {
          cut = Math.max(cut, gateway.inFlight());
        }),
      ),
    );
    requests.flush();
    await lines.flush();
    process.off('exit', flushLogs);
    flushLogs();
    agents?.close();
    metrics?.close();
    await nonces.close?.();
    await closeKeys();
    await database.close();
    return cut;
  }

  try {
    const adminUrl = await admin?.listen();
    const url = await listen(gateway.server, config.listen, '--listen');
    log.info(
      { nonces: nameOfNonces(config.nonces), ...(upstream === undefined ? {} : { upstream: upstream.origin }) },
      `listening on ${url}`,
    );
    const state = () => stateOf(gateway.inFlight(), readiness);
    return { url, adminUrl, apply, state, snapshot, probes, follow: feed.follow, inFlight: gateway.inFlight, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Keeps each decision for the log. If the token names a revoked, retired or expired key, also records this use for `ajwtd key list`. */
function whatHappened(
  log: Logger,
  { directory }: Database,
  metrics: Metrics | undefined,
): AuthenticatorOptions<unknown>['onResult'] & {} {
  const warnOfOldKey = oldKeyWarnings(log);
  return (event, { context }) => {
    (context as Exchange).event = event;
    metrics?.decided(event.reason);
    if (event.kid === undefined || !isOldKey(event.reason)) return;
    directory.recordRefusal(event.kid.toLowerCase(), seconds());
    warnOfOldKey(event);
  };
}

/** Logs the settings that decide which requests are accepted, so that a forgotten option is visible. */
function logSecuritySettings({ config, values }: ServerSettings, ed25519: string, log: Logger): void {
  const { require, requireReport, audience, tolerance, trustedProxies, privateHosts, userHeader, keyHeader } = config;
  const settings = { require, requireReport, audience, tolerance, trustedProxies, privateHosts, userHeader, keyHeader };
  const configFile = values.config ?? null;
  log.info({ ...settings, nonces: nameOfNonces(config.nonces), ed25519, configFile }, 'security settings');
}

function seconds(): number {
  return Date.now() / 1000;
}

/** Logs when the server stops being ready, and when it is ready again. @returns a function that stops the checks */
function watchReadiness(readiness: () => Promise<Readiness>, log: Logger): () => void {
  let last: Readiness = { ready: true };
  let isOver = false;
  const watch = setInterval(async () => {
    const state = await readiness();
    if (isOver) return;
    if (!state.ready && (last.ready || last.reason !== state.reason)) log.warn({ reason: state.reason }, 'not ready');
    if (state.ready && !last.ready) log.info('ready again');
    last = state;
  }, WATCH);
  watch.unref();
  return () => {
    isOver = true;
    clearInterval(watch);
  };
}
