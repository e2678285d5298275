/** `/decisions` of the admin listener: streams decisions as they happen (newline-delimited JSON). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { REASONS } from 'asymmetric-jwt-auth';
import type { DecisionFeed, DecisionQuery } from '../gateway/decision-feed.ts';
import { sendProblem } from '../gateway/responses.ts';
import { isOwnHost } from './own-host.ts';

/** Maximum number of followers at a time. */
const MAX_FOLLOWERS = 16;
/** Milliseconds between two empty lines, which show both sides that the connection still works. */
const HEARTBEAT = 15_000;

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
/** Headers that only proxies set. */
const PROXIED = ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'via', 'x-real-ip'];

/** The endpoint. */
export interface DecisionStream {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Ends all responses, so that the server can stop. */
  end(): void;
}

export function decisionStream(follow: DecisionFeed['follow']): DecisionStream {
  const responses = new Set<ServerResponse>();

  function start(query: DecisionQuery, response: ServerResponse): void {
    responses.add(response);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    const heartbeat = setInterval(() => response.write('\n'), HEARTBEAT).unref();
    const unfollow = follow(query, async ({ lines, dropped }) => {
      response.write(dropped === 0 ? lines : `${lines}${JSON.stringify({ dropped })}\n`);
      // A slow follower gets the next batch after it has read this one.
      if (response.writableNeedDrain) await drained(response);
    });
    response.once('close', () => {
      responses.delete(response);
      clearInterval(heartbeat);
      unfollow();
    });
  }

  return {
    handle(request, response) {
      const query = readQuery(request.url ?? '');
      if (!isFromHere(request)) {
        const detail = 'Only programs on the same machine as the server can follow decisions.';
        sendProblem(response, 403, 'Forbidden', detail);
      } else if (typeof query === 'string') sendProblem(response, 400, 'Bad Request', query);
      else if (responses.size >= MAX_FOLLOWERS) {
        const detail = `There are already ${MAX_FOLLOWERS} followers; stop one of them.`;
        sendProblem(response, 503, 'Service Unavailable', detail);
      } else if (request.method === 'HEAD') response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end();
      else start(query, response);
    },
    end() {
      for (const response of responses) response.end();
    },
  };
}

/** Waits until more can be written, or the connection is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/**
 * Returns whether the request comes from this machine, and not through the proxy of `--admin-url`, whose callers may be strangers, or from a
 * page of another site in a browser.
 */
function isFromHere(request: IncomingMessage): boolean {
  const { socket, headers } = request;
  const site = headers['sec-fetch-site'] ?? 'none';
  const isDirect = isOwnHost(request, undefined) && !PROXIED.some((name) => name in headers);
  return LOOPBACK.test(socket.remoteAddress ?? '') && isDirect && (site === 'none' || site === 'same-origin');
}

/** @returns the query, or what is wrong with it */
function readQuery(url: string): DecisionQuery | string {
  const { searchParams } = new URL(url, 'http://localhost');
  for (const name of searchParams.keys()) {
    if (name !== 'user' && name !== 'reason') return 'The query may have the parameters user and reason.';
    if (searchParams.getAll(name).length > 1) return `The parameter ${name} occurs more than once.`;
  }
  const [user, reason] = [searchParams.get('user') ?? undefined, searchParams.get('reason') ?? undefined];
  if (reason !== undefined && reason !== 'accepted' && !Object.hasOwn(REASONS, reason)) {
    return `The parameter reason must be accepted, ${Object.keys(REASONS).join(', ')}.`;
  }
  return { user, reason };
}
