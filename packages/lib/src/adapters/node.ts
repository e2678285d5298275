/**
 * Authenticates requests to a `node:http` server, or to an HTTP/2 server with Node's compatibility API: see {@link nodeAuth}. To write
 * an adapter for a framework based on `node:http`, use {@link readNodeRequest} and {@link writeRefusal}.
 */
import { checkArgument, hasMethod } from '../core/arguments.ts';
import { type BindMember, refuseUnknownMembers } from '../core/bind.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import type { AuthenticationResult, Authenticator } from '../server/authenticate.ts';
import type { RefusedResult } from '../server/refusal-response.ts';
import { BODY_KINDS, type BodyOptions, readBodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { bufferBody, checkBodyStream, type NodeBody } from './node-body.ts';
import { ignoreErrors, type UpgradeSocket, writeUpgradeRefusal } from './node-upgrade.ts';

export type { BodyOptions } from './body-options.ts';
export { bufferBody, checkBodyStream, type NodeBody } from './node-body.ts';
export { type UpgradeSocket, writeUpgradeRefusal } from './node-upgrade.ts';

/** The part of an `http.IncomingMessage` that the adapter uses. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Header names and values, alternating, as received. */
  readonly rawHeaders: readonly string[];
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
}

/** The part of an `http.ServerResponse` that the adapter uses. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** The options that every adapter has. */
export interface RouteOptions {
  /** Members of `bind` that this route requires in addition to the authenticator's own `require`. */
  readonly require?: readonly BindMember[];
}

/**
 * Checks the first argument of an adapter.
 *
 * @param auth - must be an authenticator
 * @throws TypeError that says how to make one
 *
 * @example
 * ```ts
 * import type { Authenticator } from 'asymmetric-jwt-auth';
 * import { checkAuthenticator } from 'asymmetric-jwt-auth/node';
 *
 * function myAdapter<User>(auth: Authenticator<User>) {
 *   checkAuthenticator(auth); // fails when the server starts, not on the first request
 * }
 * ```
 */
export function checkAuthenticator(auth: unknown): void {
  const a = 'an authenticator from createAuthenticator({ keys, nonces })';
  checkArgument(hasMethod(auth, 'authenticate'), 'auth', a, auth);
}

/**
 * Checks the options of an adapter.
 *
 * @param options - the options that the adapter was called with
 * @param kinds - the kind of value for each option of the adapter
 * @throws TypeError for an unknown option, a value of the wrong type, or an unknown member of `require`. Also for the member `digest`, if
 *   the adapter has no option `body`, and so does not read bodies
 *
 * @example
 * ```ts
 * import { checkRouteOptions, type RouteOptions } from 'asymmetric-jwt-auth/node';
 *
 * function myAdapter(options: RouteOptions & { optional?: boolean }) {
 *   checkRouteOptions(options, { require: 'array', optional: 'boolean' });
 * }
 * myAdapter({ require: ['htm', 'target'] });
 * ```
 */
export function checkRouteOptions<Options extends RouteOptions>(options: Options, kinds: OptionKinds<Options>): void {
  checkOptions(options, kinds);
  const { require = [] } = options;
  refuseUnknownMembers(require);
  if ('body' in kinds) readBodyOptions(options as BodyOptions);
  else if (require.includes('digest')) {
    throw new TypeError('option require: digest needs the body, which this adapter does not read');
  }
}

/** The options of {@link nodeAuth}. */
export interface NodeAuthOptions extends RouteOptions, BodyOptions {}

/** Authenticates requests to a `node:http` server. {@link nodeAuth} makes one. */
export interface NodeAuth<User> extends IdentityOf<NodeRequest, User> {
  /**
   * Authenticates a request. An accepted token is used up. The body is only read if the token has `bind.digest`; you can read it
   * afterwards.
   *
   * @param request - from `node:http`
   * @returns who sent the request, or the complete response that refuses it. The promise never rejects
   */
  authenticate(request: NodeRequest): Promise<AuthenticationResult<User>>;
  /**
   * Sends the response to a refused request.
   *
   * @param response - a response that has not been started
   * @param result - from {@link NodeAuth.authenticate}
   */
  reject(response: NodeResponse, result: RefusedResult): void;
  /**
   * Authenticates a request of the event `upgrade`, such as a WebSocket handshake. Meanwhile, and afterwards, errors of the socket are
   * ignored if no other listener handles them, so that they do not end the process. Call it in the event, before anything asynchronous.
   *
   * @param request - from the event
   * @param socket - from the event
   * @returns as {@link NodeAuth.authenticate}
   */
  authenticateUpgrade(request: NodeRequest, socket: UpgradeSocket): Promise<AuthenticationResult<User>>;
  /**
   * Sends the response to a refused request of the event `upgrade`, and closes the connection.
   *
   * @param socket - from the event; nothing has been written to it
   * @param result - from {@link NodeAuth.authenticateUpgrade}
   */
  rejectUpgrade(socket: UpgradeSocket, result: RefusedResult): void;
}

/**
 * Makes the functions that authenticate requests to a `node:http` server.
 *
 * @param auth - authenticates the requests
 * @param options - {@link NodeAuthOptions}
 * @returns `authenticate`, which you call for each request, `reject`, which you call for the requests that it refuses, and `identity`
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { nodeAuth } from 'asymmetric-jwt-auth/node';
 *
 * const auth = nodeAuth(createAuthenticator({ keys: memoryKeyStore(), nonces: memoryNonceStore() }));
 * const server = createServer(async (request, response) => {
 *   const result = await auth.authenticate(request);
 *   if (result.ok) response.end(`hello ${result.username}`);
 *   else auth.reject(response, result);
 * });
 * ```
 */
export function nodeAuth<User>(auth: Authenticator<User>, options: NodeAuthOptions = {}): NodeAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array', ...BODY_KINDS });
  const identities = new Identities<User>('await authenticate(request) first');

  async function authenticate(request: NodeRequest): Promise<AuthenticationResult<User>> {
    const result = await decide(auth, readNodeRequest(request, request.url, options.require, options));
    identities.remember(request, result);
    return result;
  }

  return {
    authenticate,
    reject: writeRefusal,
    authenticateUpgrade(request, socket) {
      ignoreErrors(socket);
      return authenticate(request);
    },
    rejectUpgrade: writeUpgradeRefusal,
    identity: (request) => identities.get(request),
    identityOrUndefined: (request) => identities.find(request),
  };
}

/**
 * Converts a `node:http` request to the argument of {@link Authenticator.authenticate}. The caller's address is the peer of the connection,
 * which may be a proxy. The argument contains the request itself, so that the request is authenticated once, even if several adapters handle it.
 *
 * @param request - from `node:http`
 * @param target - the raw request-target (RFC 9112 §3.2), because frameworks rewrite `url`
 * @param require - members of `bind` that the route requires
 * @param body - how to check the body; without it, a token that has `bind.digest` is refused
 * @returns the argument
 *
 * @example
 * ```ts
 * import { readNodeRequest } from 'asymmetric-jwt-auth/node';
 *
 * const received = { method: 'GET', url: '/me', rawHeaders: ['Host', 'api.example.com', 'Authorization', 'JWT eyJ'] };
 * const request = readNodeRequest(received, '/api/me', ['target']);
 * console.log(request.target, request.authorization); // /api/me [ 'JWT eyJ' ]
 * ```
 */
export function readNodeRequest(
  request: NodeRequest,
  target: string | undefined,
  require: readonly BindMember[] | undefined,
  body?: BodyOptions,
): AuthenticationRequest {
  const { method, rawHeaders, socket } = request;
  const authorization = headerValues(rawHeaders, 'authorization');
  const parts = { authorization, method, target, require, address: socket?.remoteAddress, request };
  return body === undefined ? parts : { ...parts, ...nodeBodyCheck(request, body) };
}

function nodeBodyCheck(
  request: object,
  body: BodyOptions,
): Pick<AuthenticationRequest, 'bodyDigest' | 'checkBodyLater'> {
  const stream = request as NodeBody;
  if (body.body === 'stream') return { checkBodyLater: (digest) => checkBodyStream(stream, digest) };
  return { bodyDigest: () => bufferBody(stream, readBodyOptions(body)) };
}

/**
 * Returns every value of a header. Node's `headers` keeps only the first value of some headers, and `headersDistinct` throws in Node
 * 22.18 if a client sends a header named `__proto__`.
 *
 * @param rawHeaders - header names and values, alternating, as received
 * @param name - in lower case
 * @returns the values, in the order in which they were sent
 *
 * @example
 * ```ts
 * import { headerValues } from 'asymmetric-jwt-auth/node';
 *
 * console.log(headerValues(['Host', 'a.example', 'host', 'b.example'], 'host')); // [ 'a.example', 'b.example' ]
 * ```
 */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const candidate = rawHeaders[i] as string;
    if (candidate.length === name.length && candidate.toLowerCase() === name) values.push(rawHeaders[i + 1] as string);
  }
  return values;
}

/**
 * Sends the response to a refused request.
 *
 * @param response - a response that has not been started
 * @param result - the refusal, which is sent unchanged
 *
 * @example
 * ```ts
 * import type { Authenticator } from 'asymmetric-jwt-auth';
 * import { type NodeRequest, type NodeResponse, readNodeRequest, writeRefusal } from 'asymmetric-jwt-auth/node';
 *
 * async function guard<User>(auth: Authenticator<User>, request: NodeRequest, response: NodeResponse, next: () => void) {
 *   const result = await auth.authenticate(readNodeRequest(request, request.url, []));
 *   if (result.ok) next();
 *   else writeRefusal(response, result);
 * }
 * ```
 */
export function writeRefusal(response: NodeResponse, result: RefusedResult): void {
  response.statusCode = result.status;
  for (const [name, value] of Object.entries(result.headers)) response.setHeader(name, value);
  response.end(result.body);
}
