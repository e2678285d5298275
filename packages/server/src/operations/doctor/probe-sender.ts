/** Sends requests that the running server recognizes, and asks its admin listener how they arrived. */
import { PROBE_PREFIX, PROBES_PATH, type SeenRequest } from '../../gateway/probes.ts';
import { type Sent, send } from './http.ts';
import type { Probed } from './proxy-changes.ts';

/**
 * Makes a function that sends one request through the proxy.
 *
 * @param admin - URL of the admin listener
 * @param url - URL of the proxy
 * @returns a function that returns the result, or why the admin listener cannot say how requests arrive
 */
export function probeSender(admin: URL, url: URL): (sent: Required<Sent>) => Promise<Probed | string> {
  async function askAdmin(method: string, path: string): Promise<unknown> {
    const answer = await send(new URL(path, admin), { method });
    if (!answer.ok) throw new Error(`the admin listener ${admin.origin} does not respond: ${answer.why}`);
    if (answer.status !== 200 && answer.status !== 201) {
      throw new Error(`the admin listener ${admin.origin} responds with status ${answer.status}`);
    }
    return JSON.parse(answer.body);
  }

  async function attempt(sent: Required<Sent>): Promise<Probed> {
    const { id } = (await askAdmin('POST', PROBES_PATH)) as { readonly id: string };
    // A token in this form is always refused.
    const headers = { ...sent.headers, Authorization: `JWT ${PROBE_PREFIX}${id}` };
    const answer = await send(url, { ...sent, headers });
    const { seen } = (await askAdmin('GET', `${PROBES_PATH}/${id}`)) as { readonly seen: readonly SeenRequest[] };
    return { sent, answer, seen };
  }

  return async (sent) => {
    try {
      return await attempt(sent);
    } catch (error) {
      return (error as Error).message;
    }
  };
}
