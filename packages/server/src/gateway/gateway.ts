/** The public listener: routes each request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type {
  AcceptedResult,
  AuthenticationRequest,
  Authenticator,
  MalformedCode,
  RefusedResult,
} from 'asymmetric-jwt-auth';
import { JWKS_PATH, type JwksEndpoint } from 'asymmetric-jwt-auth/jwks';
import { headerValues, readNodeRequest } from 'asymmetric-jwt-auth/node';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { clientOf } from './client-address.ts';
import { answerClientErrors } from './client-errors.ts';
import { Exchange } from './exchange.ts';
import { type Described, describedRequest, FORWARD_AUTH, originForm } from './forwarded-request.ts';
import { guarded } from './guarded.ts';
import { identityHeaders, imitationFinder, upstreamHeaders } from './identity-headers.ts';
import { closeIdleConnections } from './idle-connections.ts';
import { closeLingeringly } from './lingering-close.ts';
import { authenticateMeasured } from './measured-stores.ts';
import { OVERLOADED, type OverloadLog } from './overload.ts';
import { pipelineLimit } from './pipelining.ts';
import type { Probes } from './probes.ts';
import type { UpstreamProxy } from './proxy.ts';
import { RequestCount } from './request-count.ts';
import { traceContext } from './request-id.ts';
import { sendJson, sendProblem, sendRefusal } from './responses.ts';
import { digestOf, type HeldBody, heldBody, isCut } from './signed-body.ts';
import { makeTurns, type Turns } from './turns.ts';
import { Undecided } from './undecided.ts';
import { cutIdleBody, endUnreadBody } from './unfinished-body.ts';

/** What a reload can replace. */
export interface GatewaySettings {
  readonly auth: Authenticator<unknown>;
  /** Without it, the gateway only responds to forward-auth requests and whoami. */
  readonly proxy: UpstreamProxy | undefined;
  /** Serves `/.well-known/jwks.json`; without it, the application gets this path. */
  readonly jwks: JwksEndpoint | undefined;
  readonly config: Pick<
    Config,
    'isTrustedProxy' | 'userHeader' | 'keyHeader' | 'undecided' | 'requireReport' | 'forwardAuthBody'
  >;
}

/** The parts of a gateway. */
export interface GatewayParts extends GatewaySettings {
  readonly overloads: OverloadLog;
  /** Called after the response to each request that needed a decision. */
  readonly finished: (exchange: Exchange) => void;
  readonly probes: Probes;
  readonly log: Logger;
}

/** The public listener. */
export interface Gateway {
  readonly server: Server;
  /** Applies new settings to all requests that begin from now on. */
  apply(settings: GatewaySettings): void;
  /** Returns the number of requests whose responses are not complete. */
  inFlight(): number;
}

/** Logged status of a request whose client disconnected before the response began, as nginx does. It is never sent. */
const CLIENT_CLOSED = 499;

const WHOAMI = '/.ajwt/whoami';
const OURS = '/.ajwt/';

/** Maximum bytes of all headers of a request. nginx forwards up to 32 kB. */
const MAX_HEADERS = 40 * 1024;
/** Milliseconds in which the headers of a request must arrive. */
const HEADERS_TIMEOUT = 5000;
/** Milliseconds for which a connection may be idle. */
const KEEP_ALIVE_TIMEOUT = 65_000;

/** What requests with different settings share. */
interface Shared extends Omit<GatewayParts, keyof GatewaySettings> {
  readonly turns: Turns;
  readonly undecided: Undecided;
}

/** Makes the handler of all requests that begin with the same settings: a request keeps its settings to the end. */
function router(
  { auth, proxy, jwks, config }: GatewaySettings,
  { overloads, finished, probes, turns, undecided }: Shared,
) {
  const imitatesIdentity = imitationFinder(config);

  function begin(request: IncomingMessage, described: Described): Exchange {
    return new Exchange(request, described, config.isTrustedProxy);
  }

  async function decide(
    request: IncomingMessage,
    exchange: Exchange,
    body: Pick<AuthenticationRequest, 'bodyDigest' | 'checkBodyLater'>,
    malformed?: MalformedCode,
  ) {
    probes.see(request, exchange, config.isTrustedProxy);
    const group = exchange.client?.group;
    const exceeded = undecided.enter(group);
    if (exceeded !== undefined) {
      overloads.write(exceeded, group);
      return OVERLOADED;
    }
    try {
      const { method, target } = exchange.described;
      // A request is decided once here, so the authenticator need not remember it.
      const read = readNodeRequest(request, target, undefined);
      const asked = { ...read, ...body, request: undefined, method, malformed, context: exchange };
      await turns.othersAreRead(group);
      // If the client has disconnected, don't verify its token or mark it as used.
      if (request.socket.destroyed) return OVERLOADED;
      const result = await authenticateMeasured(auth, exchange, asked);
      if (result.ok && config.requireReport.length > 0) exchange.lacking = lackingMembers(result);
      return result;
    } finally {
      undecided.leave(group);
    }
  }

  function lackingMembers({ claims: { bind } }: AcceptedResult<unknown>): Config['requireReport'] {
    return config.requireReport.filter((member) => bind?.[member] === undefined);
  }

  function refuse(request: IncomingMessage, response: ServerResponse, exchange: Exchange, result: RefusedResult): void {
    endUnreadBody(request, response);
    finished(exchange.finish(result.status, sendRefusal(response, result, exchange.id)));
  }

  /** Responds with 200, 401 or 503 only: proxies turn other statuses into their own errors. */
  async function forwardAuth(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const trusted = config.isTrustedProxy(request.socket.remoteAddress);
    const malformed = imitatesIdentity(request.rawHeaders) ? 'identity_header' : undefined;
    const exchange = begin(request, describedRequest(request, trusted));
    const isSeen = config.forwardAuthBody === 'full' && !isCut(request);
    const body = isSeen ? { bodyDigest: () => digestOf(request) } : {};
    const result = await decide(request, exchange, body, malformed);
    if (!result.ok) return refuse(request, response, exchange, result.status === 429 ? asUnavailable(result) : result);
    endUnreadBody(request, response);
    // A list of names and values, which Node writes faster than an object.
    const ofIdentity = Object.entries(identityHeaders(result, config)).flat();
    const headers = [...ofIdentity, 'x-request-id', exchange.id, 'cache-control', 'no-store', 'content-length', '0'];
    response.writeHead(200, headers);
    response.end();
    finished(exchange.finish(200, 0));
  }

  async function whoami(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      endUnreadBody(request, response);
      sendProblem(response, 405, 'Method Not Allowed', 'Use GET or HEAD.', { allow: 'GET, HEAD' });
      return;
    }
    const exchange = begin(request, { method: request.method, target: request.url });
    const result = await decide(request, exchange, { bodyDigest: () => digestOf(request) });
    if (!result.ok) return refuse(request, response, exchange, result);
    endUnreadBody(request, response);
    const bytes = sendJson(response, 200, describe(result), { 'x-request-id': exchange.id });
    finished(exchange.finish(200, bytes));
  }

  async function passOn(request: IncomingMessage, response: ServerResponse, to: UpstreamProxy): Promise<void> {
    const ambiguity = ambiguityOf(request);
    if (ambiguity !== undefined) return refuseAmbiguity(request, response, ambiguity);
    const exchange = begin(request, { method: request.method, target: request.url });
    let held: HeldBody | undefined;
    const checkBodyLater = (digest: string) => {
      held = heldBody(request, digest);
      return held?.verified ?? Promise.resolve();
    };
    const result = await decide(request, exchange, { checkBodyLater });
    if (!result.ok) return refuse(request, response, exchange, result);
    if (request.headers.expect !== undefined) response.writeContinue();
    cutIdleBody(request);
    const { remoteAddress: address } = request.socket;
    const peer = { address, trusted: config.isTrustedProxy(address) };
    const trace = traceContext(request);
    exchange.traceId = trace.traceId;
    const set = {
      ...identityHeaders(result, config),
      'x-request-id': exchange.id,
      traceparent: trace.traceparent,
    };
    const headers = upstreamHeaders(request.headers, peer, set);
    if (trace.isNew) delete headers.tracestate;
    // Node itself adds six listeners when it connects the streams. Above its limit of ten, it would warn of a leak.
    response.setMaxListeners(20);
    response.once('close', () => {
      exchange.aborted = !response.writableFinished;
      finished(exchange.finish(response.headersSent ? response.statusCode : CLIENT_CLOSED, exchange.bytes));
    });
    to.pass(request, response, headers, exchange, held);
  }

  function route(request: IncomingMessage, response: ServerResponse): Promise<void> | void {
    const path = pathOf(request.url ?? '');
    if (path === FORWARD_AUTH || path.startsWith(`${FORWARD_AUTH}/`)) return forwardAuth(request, response);
    if (path === WHOAMI) return whoami(request, response);
    if (jwks !== undefined && path === JWKS_PATH) {
      endUnreadBody(request, response);
      return jwks.node(request, response);
    }
    if (proxy !== undefined && !path.startsWith(OURS)) return passOn(request, response, proxy);
    endUnreadBody(request, response);
    sendProblem(response, 404, 'Not Found', `This server has the paths ${FORWARD_AUTH} and ${WHOAMI}.`);
  }

  return route;
}

export function createGateway(parts: GatewayParts): Gateway {
  const { overloads, log } = parts;
  const turns = makeTurns();
  const undecided = new Undecided(parts.config.undecided);
  const shared = { ...parts, turns, undecided };
  let { config } = parts;
  let route = router(parts, shared);

  const options = {
    maxHeaderSize: MAX_HEADERS,
    headersTimeout: HEADERS_TIMEOUT,
    // An upload may take any time while it makes progress; cutIdleBody ends a stalled one.
    requestTimeout: 0,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
  };
  const requests = new RequestCount();
  const pipelining = pipelineLimit(requests, (request) =>
    overloads.write('connection', clientOf(request, config.isTrustedProxy)?.group),
  );
  const serve = pipelining.wrap(guarded((request, response) => route(request, response), log));
  const server = createServer(options, serve);
  closeLingeringly(server);
  answerClientErrors(server);
  closeIdleConnections(server, KEEP_ALIVE_TIMEOUT + HEADERS_TIMEOUT, requests);
  server.on('connection', pipelining.accept);
  server.on('connection', turns.accepted);
  // Node would silently drop headers beyond a maximum, and a second Authorization could be among them.
  server.maxHeadersCount = 0;
  // Ask for a body (100 Continue) only after accepting the request.
  server.on('checkContinue', serve);
  server.on('checkExpectation', serve);
  return {
    server,
    apply(settings) {
      config = settings.config;
      undecided.limits = config.undecided;
      route = router(settings, shared);
    },
    inFlight: () => requests.inAll,
  };
}

/** Returns what makes a request ambiguous: the application could read it differently from the signer or another proxy. */
function ambiguityOf({ url, rawHeaders }: IncomingMessage): string | undefined {
  // This refuses the absolute form (RFC 9112 §3.2.2) and `*`.
  if (!url?.startsWith('/')) return 'The request target is not a path.';
  // RFC 9112 §3.2 forbids it; Node would use the first one.
  if (headerValues(rawHeaders, 'host').length > 1) return 'The request has more than one Host header.';
  return undefined;
}

function refuseAmbiguity(request: IncomingMessage, response: ServerResponse, what: string): void {
  endUnreadBody(request, response);
  sendProblem(response, 400, 'Bad Request', what);
}

function asUnavailable(result: RefusedResult): RefusedResult {
  return { ...result, status: 503 };
}

/** Returns the path of a request target, also in absolute form. The path is not decoded or normalized, so it cannot be misread. */
function pathOf(target: string): string {
  const origin = originForm(target);
  const end = origin.search(/[?#]/);
  return end === -1 ? origin : origin.slice(0, end);
}

function describe({ username, key, claims }: AcceptedResult<unknown>) {
  return { username, kid: key.kid, fingerprint: key.fingerprint, time: claims.time };
}
