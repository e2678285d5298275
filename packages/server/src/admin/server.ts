/** The admin listener, with `/livez` and `/readyz`. Its address should be private. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readiness } from 'asymmetric-jwt-auth';
import type { Logger } from 'pino';
import { answerClientErrors } from '../gateway/client-errors.ts';
import { guarded } from '../gateway/guarded.ts';
import { closeIdleConnections } from '../gateway/idle-connections.ts';
import { closeLingeringly } from '../gateway/lingering-close.ts';
import { sendJson, sendProblem } from '../gateway/responses.ts';

/** Milliseconds for which a connection may be idle. */
const IDLE = 10_000;

/** @param readiness - returns whether a signed request can be decided now */
export function createAdminServer(readiness: () => Promise<Readiness>, log: Logger): Server {
  async function route({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') {
      sendProblem(response, 405, 'Method Not Allowed', 'Use GET or HEAD.', { allow: 'GET, HEAD' });
    } else if (url === '/livez') {
      sendJson(response, 200, { live: true });
    } else if (url === '/readyz') {
      const state = await readiness();
      sendJson(response, state.ready ? 200 : 503, state);
    } else {
      sendProblem(response, 404, 'Not Found', 'This server has the paths /livez and /readyz.');
    }
  }
  const server = createServer({ headersTimeout: 5000, requestTimeout: 10_000 }, guarded(route, log));
  closeLingeringly(server);
  answerClientErrors(server);
  closeIdleConnections(server, IDLE);
  return server;
}
