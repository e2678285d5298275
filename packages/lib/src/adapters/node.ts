/** Plain `node:http`, and what every framework on top of it shares. HTTP/2's compatibility API fits as well. */
import { checkArgument, hasMethod } from '../core/arguments.ts';
import { type BindMember, refuseUnknownMembers } from '../core/bind.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import type { AuthenticationResult, Authenticator } from '../server/authenticate.ts';
import type { RefusedResult } from '../server/refusal-response.ts';

/** What is needed of an `http.IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
}

/** What is needed of an `http.ServerResponse`. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** What one route is told. */
export interface RouteOptions {
  /** Members of `bind` that this route requires, beyond the server's policy. The body's digest is not yet one of them. */
  readonly require?: readonly Exclude<BindMember, 'digest'>[];
}

/**
 * Checks that an adapter was given an authenticator.
 *
 * @param auth - the adapter's first argument
 * @throws TypeError that says how to make one
 */
export function checkAuthenticator(auth: unknown): void {
  const a = 'what createAuthenticator({ keys, nonces }) returns';
  checkArgument(hasMethod(auth, 'authenticate'), 'auth', a, auth);
}

/**
 * Checks what a route is told.
 *
 * @param options - as the route was given them
 * @param kinds - every option that the adapter has, and the kind of its value
 * @throws TypeError for an option that is unknown, of another kind, or that this adapter cannot keep
 */
export function checkRouteOptions<Options extends RouteOptions>(options: Options, kinds: OptionKinds<Options>): void {
  checkOptions(options, kinds);
  const { require = [] } = options;
  refuseUnknownMembers(require);
  if ((require as readonly BindMember[]).includes('digest')) {
    throw new TypeError('option require: digest needs the body, which this adapter does not read');
  }
}

/** Authentication for a `node:http` server. */
export interface NodeAuth<User> {
  /**
   * Decides about a request, and spends its token if it is good. Its body is not read.
   *
   * @param request - as `node:http` hands it over
   * @returns who sent it, or the whole answer to a refused request; it never rejects
   */
  authenticate(request: NodeRequest): Promise<AuthenticationResult<User>>;
  /**
   * Writes the answer to a refused request, and ends it.
   *
   * @param response - nothing of it was sent yet
   * @param result - of {@link NodeAuth.authenticate}
   */
  reject(response: NodeResponse, result: RefusedResult): void;
}

/**
 * Authentication for a `node:http` server.
 *
 * @param auth - decides about the requests
 * @param options - {@link RouteOptions}
 * @returns what asks `auth`, and what writes its refusals
 * @throws TypeError for an option that is unknown or of another kind, and for a member in `require` that cannot be required here
 */
export function nodeAuth<User>(auth: Authenticator<User>, options: RouteOptions = {}): NodeAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { require: 'array' });
  return {
    authenticate: (request) => auth.authenticate(readNodeRequest(request, request.url, options.require)),
    reject: writeRefusal,
  };
}

/**
 * Reads what the decision needs of a request. The caller's address is that of the connection: behind a proxy, the proxy's.
 *
 * @param request - as `node:http` hands it over
 * @param target - the raw request-target (RFC 9112 §3.2): frameworks rewrite `url`
 * @param require - members of `bind` that the route requires
 * @returns the request for {@link Authenticator.authenticate}, without the body's digest
 */
export function readNodeRequest(
  request: NodeRequest,
  target: string | undefined,
  require: readonly BindMember[] | undefined,
): AuthenticationRequest {
  const { method, rawHeaders, socket } = request;
  const authorization = headerValues(rawHeaders, 'authorization');
  return { authorization, method, target, require, address: socket?.remoteAddress };
}

/**
 * Returns every value of a header. `headers` keeps only the first of some, and `headersDistinct` throws in Node 22.18 if a client
 * sends a header named `__proto__`.
 *
 * @param rawHeaders - names and values in turn, as received
 * @param name - in lower case
 * @returns the values, in the order in which they were sent
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
 * Writes the answer to a refused request, and ends it.
 *
 * @param response - nothing of it was sent yet
 * @param result - written as it is
 */
export function writeRefusal(response: NodeResponse, result: RefusedResult): void {
  response.statusCode = result.status;
  for (const [name, value] of Object.entries(result.headers)) response.setHeader(name, value);
  response.end(result.body);
}
