/** Plain `node:http`, and what every framework on top of it shares. HTTP/2's compatibility API fits as well. */
import { type BindMember, refuseUnknownMembers } from '../core/binding.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import type { AuthenticationResult, Authenticator } from '../server/authenticate.ts';
import type { RefusedResult } from '../server/challenge.ts';

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
 * Checks what a route is told.
 *
 * @throws TypeError for an option that is unknown, or that this adapter cannot keep
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
  /** Decides about a request. Its body is not read. */
  authenticate(request: NodeRequest): Promise<AuthenticationResult<User>>;
  /** Writes the answer to a refused request. */
  reject(response: NodeResponse, result: RefusedResult): void;
}

/**
 * Authentication for a `node:http` server.
 *
 * @throws TypeError for an option that is unknown
 */
export function nodeAuth<User>(auth: Authenticator<User>, options: RouteOptions = {}): NodeAuth<User> {
  checkRouteOptions(options, { require: 'array' });
  return {
    authenticate: (request) => auth.authenticate(readNodeRequest(request, request.url, options.require)),
    reject: writeRefusal,
  };
}

/**
 * The caller's address is that of the connection: behind a proxy, the proxy's.
 *
 * @param target - the raw request-target: frameworks rewrite `url`
 */
export function readNodeRequest(
  request: NodeRequest,
  target: string | undefined,
  require: readonly BindMember[] | undefined,
): AuthenticationRequest {
  const { method, rawHeaders, socket } = request;
  return { authorization: authorizationValues(rawHeaders), method, target, require, address: socket?.remoteAddress };
}

/** Every value of the header: `headers.authorization` would silently keep the first of two. */
function authorizationValues(rawHeaders: readonly string[]): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 13 && name.toLowerCase() === 'authorization') values.push(rawHeaders[i + 1] as string);
  }
  return values;
}

/** Writes the answer to a refused request. */
export function writeRefusal(response: NodeResponse, result: RefusedResult): void {
  response.statusCode = result.status;
  for (const [name, value] of Object.entries(result.headers)) response.setHeader(name, value);
  response.end(result.body);
}
