/** The paths of the admin listener for `ajwtd doctor --url`: make a probe, and see how the requests with it arrived. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PROBES_PATH, type ProbeSource } from '../gateway/probes.ts';
import { sendJson, sendProblem } from '../gateway/responses.ts';

/** Returns whether a path belongs to probes. */
export function isProbePath(path: string): boolean {
  return path === PROBES_PATH || path.startsWith(`${PROBES_PATH}/`);
}

/** Handles a request for such a path. A page in a browser cannot use it: only programs send no `Origin` and no `Sec-Fetch-Site`. */
export async function probeRoute(
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
  probes: ProbeSource,
): Promise<void> {
  const allow = url === PROBES_PATH ? 'POST' : 'GET';
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) {
    sendProblem(response, 403, 'Forbidden', 'Only `ajwtd doctor` can use this path.');
  } else if (method !== allow) {
    sendProblem(response, 405, 'Method Not Allowed', `Use ${allow}.`, { allow });
  } else if (allow === 'POST') {
    const id = randomBytes(16).toString('base64url');
    await probes.add(id);
    sendJson(response, 201, { id });
  } else {
    const seen = await probes.find(url.slice(PROBES_PATH.length + 1));
    sendJson(response, 200, { seen });
  }
}
