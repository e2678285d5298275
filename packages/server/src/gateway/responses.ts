/** Responses of `ajwtd` itself. */
import type { ServerResponse } from 'node:http';
import type { RefusedResult } from 'asymmetric-jwt-auth';

/** Sends problem details (RFC 9457). @param members - more members of the body @returns the bytes of the body that were sent */
export function sendProblem(
  response: ServerResponse,
  status: number,
  title: string,
  detail: string,
  headers: Record<string, string> = {},
  members: Record<string, string> = {},
): number {
  const body = JSON.stringify({ type: 'about:blank', title, status, detail, ...members });
  return send(response, status, { ...NOT_CACHED, 'content-type': 'application/problem+json', ...headers }, body);
}

/**
 * Sends the response to a request that `authenticate()` refused.
 *
 * @param id - the request id, which is added to the body, so that a caller can report it
 * @returns the bytes of the body that were sent
 */
export function sendRefusal(response: ServerResponse, { status, headers, body }: RefusedResult, id: string): number {
  return send(response, status, { ...headers, 'x-request-id': id }, `${body.slice(0, -1)},"request_id":"${id}"}`);
}

/** Sends JSON that must not be cached. @returns the bytes of the body that were sent */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): number {
  return send(
    response,
    status,
    { ...NOT_CACHED, 'content-type': 'application/json', ...headers },
    JSON.stringify(value),
  );
}

const NOT_CACHED = { 'cache-control': 'no-store' };

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): number {
  const bytes = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, 'content-length': bytes });
  response.end(body);
  return response.req.method === 'HEAD' ? 0 : bytes;
}
