/** The reverse proxy: an authenticated request goes on to the application, as a stream, byte for byte. */
import { Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createProxyServer } from 'httpxy';
import type { Logger } from 'pino';
import { sendProblem } from './answers.ts';

/** Passes requests on to one origin. */
export interface UpstreamProxy {
  /** @param headers - those that the application gets */
  pass(request: IncomingMessage, response: ServerResponse, headers: IncomingMessage['headers']): void;
  close(): void;
}

/** Headers of one connection (RFC 9110 §7.6.1) that an application sends. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer', 'upgrade'];

/** Idle connections that are kept to the application. */
const IDLE_CONNECTIONS = 256;

export function createProxy(upstream: URL, log: Logger): UpstreamProxy {
  const agent =
    upstream.protocol === 'https:'
      ? new HttpsAgent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS })
      : new HttpAgent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS });
  // Over TLS the application is asked for by its own name, which its certificate bears.
  const proxy = createProxyServer({ target: upstream, agent, changeOrigin: upstream.protocol === 'https:' });

  proxy.on('proxyRes', ({ headers }) => {
    const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
    for (const name of [...HOP_BY_HOP, ...named]) delete headers[name];
  });
  proxy.on('error', (error, _request, response) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    log.warn({ upstream: upstream.origin, cause: code }, 'the application did not answer');
    if (response === undefined || !('writeHead' in response)) return;
    if (response.headersSent) response.destroy();
    else sendProblem(response, 502, 'Bad Gateway', 'The application behind this server did not answer.');
  });

  return {
    pass(request, response, headers) {
      request.headers = headers;
      proxy.web(request, response).catch(() => {});
    },
    close: () => agent.destroy(),
  };
}
