/** Reads requests of srvx, the server of h3, of Nitro, and of Elysia on Node. */
import type { BindMember } from '../core/bind.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import type { BodyOptions } from './body-options.ts';
import { type NodeRequest, readNodeRequest } from './node.ts';
import { readWebRequest, type WebRequest } from './web.ts';

/** The part of a request of srvx that the adapters use. A plain `Request` is one, without the optional members. */
export interface SrvxRequest extends WebRequest {
  /** The caller's address, according to the option `trustProxy` of the server. */
  readonly ip?: string | undefined;
  readonly runtime?: { readonly node?: { readonly req: NodeRequest } | undefined } | undefined;
}

/** Returns the object that stands for the request: Node's, because applications that are mounted as a `fetch` get a new `Request`. */
export function objectOf(request: SrvxRequest): object {
  return request.runtime?.node?.req ?? request;
}

/**
 * Converts a request to the argument of `authenticate()`. On Node, the target and the headers are those of Node's request, because mounted
 * applications see a URL without their prefix.
 */
export function readSrvxRequest(
  request: SrvxRequest,
  require: readonly BindMember[] | undefined,
  body?: BodyOptions,
): AuthenticationRequest {
  const incoming = request.runtime?.node?.req;
  const read =
    incoming === undefined
      ? readWebRequest(request, require, body)
      : readNodeRequest(incoming, incoming.url, require, body);
  return { ...read, address: request.ip };
}
