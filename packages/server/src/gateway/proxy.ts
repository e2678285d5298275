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

/** RFC 9112 §4. */
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Idle connections that are kept to the application. */
const IDLE_CONNECTIONS = 256;

export function createProxy(upstream: URL, log: Logger): UpstreamProxy {
  const agent =
    upstream.protocol === 'https:'
      ? new HttpsAgent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS })
      : new HttpAgent({ keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS });
  // Over TLS the application is asked for by its own name, which its certificate bears.
  const proxy = createProxyServer({ target: upstream, agent, changeOrigin: upstream.protocol === 'https:' });

  function failed(response: ServerResponse, cause: string): void {
    log.warn({ upstream: upstream.origin, cause }, 'the application did not answer');
    if (response.headersSent) response.destroy();
    else sendProblem(response, 502, 'Bad Gateway', 'The application behind this server did not answer.');
  }

  proxy.on('proxyReq', (outgoing, _request, response) => {
    // Nobody asked for another protocol: without this, nobody would get an answer either.
    outgoing.once('upgrade', (_answer, socket) => {
      socket.destroy();
      failed(response, 'an upgrade that was not asked for');
    });
  });
  proxy.on('proxyRes', (answer, _request, response) => {
    const { headers, statusCode = 0 } = answer;
    // Node reads such a status, and throws where it is to be written.
    if (statusCode < 200) {
      answer.destroy();
      return failed(response, `a status of ${statusCode}`);
    }
    if (!REASON_PHRASE.test(answer.statusMessage ?? '')) answer.statusMessage = '';
    const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
    for (const name of [...HOP_BY_HOP, ...named]) delete headers[name];
    // This connection is the client's and ours.
    headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
  });
  proxy.on('error', (error, _request, response) => {
    if (response === undefined || !('writeHead' in response)) return;
    failed(response as ServerResponse, (error as NodeJS.ErrnoException).code ?? 'unknown error');
  });

  return {
    pass(request, response, headers) {
      request.headers = headers;
      proxy.web(request, response).catch(() => {});
    },
    close: () => agent.destroy(),
  };
}
