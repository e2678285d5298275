/** The composition root: creates all parts of a server and connects them. */
import cluster from 'node:cluster';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from 'ajwt-cli-kit';
import { type AuthenticatorOptions, createAuthenticator, type Readiness } from 'asymmetric-jwt-auth';
import { type JwksEndpoint, jwksClient } from 'asymmetric-jwt-auth/jwks';
import type { Logger } from 'pino';
import { createAdminServer } from './admin/server.ts';
import type { Address, Config } from './config.ts';
import { openKeyStore } from './database/keys.ts';
import { type Database, openDatabase } from './database/open.ts';
import { chooseEd25519 } from './ed25519.ts';
import { accessLog } from './gateway/access-log.ts';
import type { Exchange } from './gateway/exchange.ts';
import { createGateway } from './gateway/gateway.ts';
import { measuredKeys, measuredNonces } from './gateway/measured-stores.ts';
import { overloadLog } from './gateway/overload.ts';
import { createProxy } from './gateway/proxy.ts';
import { upstreamFailureLog } from './gateway/upstream-failure-log.ts';
import { isOldKey, jwksWarnings, keyUsageWarnings, oldKeyWarnings, reportedRequests } from './gateway/warnings.ts';
import { createNonceStore, nameOfNonces } from './nonces/store.ts';
import { createLineWriter } from './operations/log.ts';

/** A running `ajwtd`. */
export interface App {
  readonly url: string;
  readonly adminUrl: string | undefined;
  /** Stops accepting requests, and waits up to 10 s for those in flight. */
  stop(): Promise<void>;
}

/** Maximum milliseconds that requests in flight may take to finish after a stop. */
const GRACE = 10_000;
/** Milliseconds between two readiness checks. */
const WATCH = 1000;

/**
 * Opens the stores and starts both listeners.
 *
 * @param published - endpoint of `/.well-known/jwks.json`; without it, the application gets this path
 * @throws CommandError if the database, the nonce store or an address cannot be opened
 */
export async function startApp(config: Config, published: JwksEndpoint | undefined, log: Logger): Promise<App> {
  const database = await openDatabase(config.database, 'server', keyUsageWarnings(log));
  log.info({ created: database.created }, `database ${config.database.name}`);
  // The primary process has already logged the warnings.
  if (!cluster.isWorker) for (const warning of database.warnings) log.warn(warning);
  const nonces = await createNonceStore(config, database, log);
  try {
    await nonces.open(seconds());
  } catch (error) {
    await nonces.close?.();
    await database.close();
    throw new CommandError(`cannot open the nonce store: ${(error as Error).message}`);
  }

  const { tolerance, audience, require, requireReport, upstream, upstreamResponseTimeout: responseTimeout } = config;
  const trustedProxies = config.trustedProxies;
  const ed25519 = chooseEd25519(log);
  const settings = { require, requireReport, audience, tolerance, trustedProxies, nonces: nameOfNonces(config.nonces) };
  log.info({ ...settings, ed25519: ed25519.name }, 'security settings');
  const keySets = jwksClient({ privateHosts: config.privateHosts, onProblem: jwksWarnings(log) });
  const { store: keys, close: closeKeys } = await openKeyStore(database, keySets, log);
  const lines = createLineWriter(log);
  const requests = accessLog(config.accessLog, lines, log);
  const auth = createAuthenticator({
    keys: measuredKeys(keys),
    nonces: measuredNonces(nonces),
    tolerance,
    audience,
    require,
    ed25519: ed25519.verify,
    onResult: whatHappened(log, database),
  });
  const upstreamFailures = upstreamFailureLog(log);
  const proxy = upstream === undefined ? undefined : createProxy({ upstream, responseTimeout }, upstreamFailures);
  const overloads = overloadLog(log);
  const report = reportedRequests(log);
  const finished = (exchange: Exchange) => {
    requests.write(exchange);
    report(exchange);
  };
  const gateway = createGateway({ auth, proxy, jwks: published, config, overloads, finished, log });
  const admin = createAdminServer(auth.readiness, log);
  const servers = config.adminListen === undefined ? [gateway] : [gateway, admin];

  const endWatch = watchReadiness(auth.readiness, log);
  // A second signal ends the process at once.
  const flushLogs = () => {
    requests.flush();
    overloads.flush();
    upstreamFailures.flush();
    lines.flushSync();
  };
  process.on('exit', flushLogs);
  async function stop(): Promise<void> {
    endWatch();
    await Promise.all(servers.map(closeServer));
    requests.flush();
    await lines.flush();
    process.off('exit', flushLogs);
    flushLogs();
    proxy?.close();
    await nonces.close?.();
    await closeKeys();
    await database.close();
  }

  try {
    const adminUrl =
      config.adminListen === undefined ? undefined : await listen(admin, config.adminListen, '--admin-listen');
    const url = await listen(gateway, config.listen, '--listen');
    if (adminUrl !== undefined) log.info(`admin listener: ${adminUrl} (/livez, /readyz)`);
    log.info(
      { nonces: nameOfNonces(config.nonces), ...(upstream === undefined ? {} : { upstream: upstream.origin }) },
      `listening on ${url}`,
    );
    return { url, adminUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Keeps each decision for the log. If a token names a revoked, retired or expired key, records that for `ajwtd key list` too. */
function whatHappened(log: Logger, { directory }: Database): AuthenticatorOptions<unknown>['onResult'] & {} {
  const warnOfOldKey = oldKeyWarnings(log);
  return (event, { context }) => {
    (context as Exchange).event = event;
    if (event.kid === undefined || !isOldKey(event.reason)) return;
    directory.recordRefusal(event.kid.toLowerCase(), seconds());
    warnOfOldKey(event);
  };
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

async function listen(server: Server, { host, port }: Address, option: string): Promise<string> {
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

/** Closes a server: requests in flight may finish, idle connections are closed, and each response closes its connection. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  const closed = new Promise((resolve) => server.close(resolve));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const end = setTimeout(() => server.closeAllConnections(), GRACE);
  await closed;
  clearInterval(idle);
  clearTimeout(end);
}
