/** The reverse proxy: streams authenticated requests to the application, and its responses back. */
import http, {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import https from 'node:https';
import type { Exchange } from './exchange.ts';
import { relayResponse } from './relay-response.ts';
import { sendProblem, sendRefusal } from './responses.ts';
import { BODY_REFUSED, type HeldBody } from './signed-body.ts';
import { endUnreadBody, hasBody } from './unfinished-body.ts';
import { upstreamAgent } from './upstream-agent.ts';
import type { UpstreamFailureLog } from './upstream-failure-log.ts';
import { watchProgress } from './watch-progress.ts';

/** Forwards requests to one origin. */
export interface UpstreamProxy {
  /**
   * Forwards a request.
   *
   * @param headers - headers for the application
   * @param exchange - gets the duration until the application's response began, and the bytes of its body
   * @param held - the body, if its digest was signed: it fails instead of ending if it is not the signed one
   */
  pass(
    request: IncomingMessage,
    response: ServerResponse,
    headers: IncomingMessage['headers'],
    exchange: Exchange,
    held: HeldBody | undefined,
  ): void;
}

/** Options of the proxy. */
export interface ProxyOptions {
  /** Origin of the application. */
  readonly upstream: URL;
  /** Maximum seconds between the last byte of a request and the headers of its response. */
  readonly responseTimeout: number;
}

/** Safe methods (RFC 9110 §9.2.1): such a request may be repeated if it has no body. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The connections to the application. Several proxies can share them. */
export interface UpstreamAgents {
  readonly kept: http.Agent;
  readonly fresh: http.Agent;
  close(): void;
}

export function createAgents(upstream: URL): UpstreamAgents {
  const kept = upstreamAgent(upstream, { keepAlive: true });
  const fresh = upstreamAgent(upstream, { keepAlive: false });
  return {
    kept,
    fresh,
    close() {
      kept.destroy();
      fresh.destroy();
    },
  };
}

export function createProxy(
  { upstream, responseTimeout }: ProxyOptions,
  { kept, fresh }: Pick<UpstreamAgents, 'kept' | 'fresh'>,
  failures: UpstreamFailureLog,
): UpstreamProxy {
  const { request: send } = upstream.protocol === 'https:' ? https : http;

  function pass(
    request: IncomingMessage,
    response: ServerResponse,
    received: IncomingMessage['headers'],
    exchange: Exchange,
    held: HeldBody | undefined,
  ): void {
    const start = performance.now();
    const withBody = hasBody(request);
    const headers: OutgoingHttpHeaders = { ...received };
    // Over TLS, the host must be the name in the application's certificate.
    if (upstream.protocol === 'https:') headers.host = upstream.host;
    // An application that ignores the transfer coding would read the body as the next request of this connection.
    if (headers['transfer-encoding'] !== undefined) headers.connection = 'close';
    const mayRepeat = !withBody && SAFE_METHODS.has(request.method ?? '');
    let outgoing: ClientRequest;

    function attempt(agent: http.Agent): void {
      outgoing = send(upstream, { agent, method: request.method, path: request.url, headers });
      const state = observe(outgoing);
      watchProgress(outgoing, responseTimeout * 1000, () => {
        state.isOver = true;
        outgoing.destroy();
        fail(504, 'timeout');
      });
      outgoing.once('response', (answer) => {
        state.isOver = true;
        exchange.upstream = performance.now() - start;
        // If the response begins before the body ends, the application can continue to read the body until the response ends.
        endUnreadBody(request, response);
        answer.once('end', stopSending);
        const problem = relayResponse(answer, response, (bytes) => {
          exchange.bytes += bytes;
        });
        if (problem !== undefined) fail(502, problem);
      });
      // Without this listener, Node would close the connection and the client would wait forever.
      outgoing.once('upgrade', (_answer, socket) => {
        state.isOver = true;
        socket.destroy();
        fail(502, 'unexpected protocol upgrade');
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        if (state.isOver || response.destroyed) return;
        state.isOver = true;
        // The application closed an idle connection just as this request was sent, so it has not seen the request.
        if (mayRepeat && outgoing.reusedSocket && !state.hasBytes) attempt(fresh);
        else fail(502, error.code ?? error.message);
      });
      if (!withBody) outgoing.end();
      else if (held === undefined) request.pipe(outgoing);
      else {
        held.once('error', () => {
          state.isOver = true;
          refuseBody();
        });
        request.pipe(held).pipe(outgoing);
      }
    }

    /** Aborts the request to the application, which has not got the last part of the body. */
    function refuseBody(): void {
      exchange.upstream ??= performance.now() - start;
      outgoing.destroy();
      if (response.headersSent) response.destroy();
      else exchange.bytes = sendRefusal(response, BODY_REFUSED, exchange.id);
    }

    function stopSending(): void {
      if (outgoing.writableFinished) return;
      request.unpipe(held ?? outgoing);
      request.resume();
      outgoing.destroy();
    }

    function fail(status: keyof typeof PROBLEMS, cause: string): void {
      exchange.upstream ??= performance.now() - start;
      failures.write({ upstream: upstream.origin, status, cause });
      stopSending();
      if (response.headersSent) {
        response.destroy();
        return;
      }
      endUnreadBody(request, response);
      const [title, detail] = PROBLEMS[status];
      const id = { 'x-request-id': exchange.id };
      exchange.bytes = sendProblem(response, status, title, detail, id, { request_id: exchange.id });
    }

    response.once('close', () => {
      if (response.writableFinished) return;
      outgoing.destroy();
      held?.destroy();
    });
    attempt(kept);
  }

  const PROBLEMS = {
    502: ['Bad Gateway', 'The application behind this server could not be reached, or did not send a valid response.'],
    504: [
      'Gateway Timeout',
      `The application behind this server did not begin its response within ${responseTimeout} s. It may still process the request.`,
    ],
  } as const;

  return { pass };
}

/** Tracks an attempt: whether its outcome is known, and whether any byte of a response has arrived. */
function observe(outgoing: ClientRequest): { isOver: boolean; hasBytes: boolean } {
  const state = { isOver: false, hasBytes: false };
  outgoing.once('socket', (socket) => {
    const see = () => {
      state.hasBytes = true;
    };
    socket.once('data', see);
    outgoing.once('close', () => socket.off('data', see));
  });
  return state;
}
