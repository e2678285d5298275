/** The admin listener, with `/livez`, `/readyz`, `/metrics` and `/decisions`. Its address should be private. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readiness } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { answerClientErrors } from '../gateway/client-errors.ts';
import { guarded } from '../gateway/guarded.ts';
import { closeIdleConnections } from '../gateway/idle-connections.ts';
import { closeLingeringly } from '../gateway/lingering-close.ts';
import type { ProbeSource } from '../gateway/probes.ts';
import { countRequests } from '../gateway/request-count.ts';
import { sendJson, sendProblem } from '../gateway/responses.ts';
import type { DecisionStream } from './decisions.ts';
import { isOwnHost, SECURITY_HEADERS } from './own-host.ts';
import { isProbePath, probeRoute } from './probe-route.ts';

/** Milliseconds for which a connection may be idle. */
const IDLE = 10_000;

/** The parts of an admin listener. */
export interface AdminParts {
  /** Returns whether a signed request can be decided now. */
  readonly readiness: () => Promise<Readiness>;
  /** Returns the metrics in Prometheus's text format. */
  readonly metrics: () => Promise<string>;
  /** Shows decisions to a follower. */
  readonly decisions: DecisionStream['handle'];
  readonly probes: ProbeSource;
  /** `--admin-url`. */
  readonly adminUrl: URL | undefined;
  readonly log: Logger;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export function createAdminServer({ readiness, metrics, decisions, probes, adminUrl, log }: AdminParts): Server {
  /** Routes for probes and Prometheus, which call this server by any name and address. They show nothing secret. */
  const open: Readonly<Record<string, Handler>> = {
    '/livez': (_, response) => void sendJson(response, 200, { live: true }),
    async '/readyz'(_, response) {
      const state = await readiness();
      sendJson(response, state.ready ? 200 : 503, state);
    },
    async '/metrics'(_, response) {
      const text = await metrics();
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(text);
    },
  };
  const guardedRoutes: Readonly<Record<string, Handler>> = { '/decisions': decisions };
  const routes = { ...open, ...guardedRoutes };
  const paths = Object.keys(routes);

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    const path = url.replace(/\?.*$/s, '');
    const handle = Object.hasOwn(routes, path) ? routes[path as keyof typeof routes] : undefined;
    if (!Object.hasOwn(open, path) && !isOwnHost(request, adminUrl)) {
      const detail = 'Call this listener by a loopback name such as localhost, or set --admin-url to the URL you use.';
      sendProblem(response, 403, 'Forbidden', detail);
    } else if (isProbePath(path)) {
      await probeRoute(request, response, probes);
    } else if (method !== 'GET' && method !== 'HEAD') {
      sendProblem(response, 405, 'Method Not Allowed', 'Use GET or HEAD.', { allow: 'GET, HEAD' });
    } else if (handle === undefined) {
      sendProblem(response, 404, 'Not Found', `This server has the paths ${paths.join(', ')}.`);
    } else await handle(request, response);
  }
  const server = createServer({ headersTimeout: 5000, requestTimeout: 10_000 }, guarded(route, log, SECURITY_HEADERS));
  closeLingeringly(server);
  answerClientErrors(server);
  closeIdleConnections(server, IDLE, countRequests(server));
  return server;
}
