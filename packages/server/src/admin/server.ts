/** The operator's listener: never on the public address. */
import { createServer, type Server } from 'node:http';
import type { Readiness } from 'asymmetric-jwt-auth';
import { sendJson, sendProblem } from '../gateway/answers.ts';

/** @param readiness - whether requests are served now */
export function createAdminServer(readiness: () => Readiness): Server {
  return createServer({ headersTimeout: 5000, requestTimeout: 10_000 }, ({ method, url }, response) => {
    if (method !== 'GET' && method !== 'HEAD') {
      return sendProblem(response, 405, 'Method Not Allowed', 'Ask with GET.', { allow: 'GET, HEAD' });
    }
    if (url === '/livez') return sendJson(response, 200, { live: true });
    if (url === '/readyz') {
      const state = readiness();
      return sendJson(response, state.ready ? 200 : 503, state);
    }
    sendProblem(response, 404, 'Not Found', 'There are /livez and /readyz here.');
  });
}
