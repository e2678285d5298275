/** Sends one request to Vault. */
import { printable } from '../../core/printable.ts';
import { KmsError } from './error.ts';

/** Longest response that is read, in characters. The longest signature takes 1.4 kB. */
const MAX_RESPONSE = 65_536;

/** A request to Vault. */
export interface VaultRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutSeconds: number;
  readonly fetch: typeof fetch;
}

/**
 * Sends a request to Vault.
 *
 * @returns the JSON of the response
 * @throws KmsError. Its message contains the errors of Vault, but never the token
 */
export async function askVault({ url, headers, body, timeoutSeconds, fetch }: VaultRequest): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    // A redirect would send the token to another server.
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
    const text = await readText(response);
    const json = text === undefined ? undefined : parse(text);
    if (!response.ok)
      throw new KmsError('not_signed', `Vault responds with status ${response.status}${errorsOf(json)}`);
    if (json === undefined)
      throw new KmsError('bad_answer', `the response of Vault is not JSON of at most ${MAX_RESPONSE} characters`);
    return json;
  } catch (error) {
    if (error instanceof KmsError) throw error;
    if (signal.aborted)
      throw new KmsError('timed_out', `Vault did not respond within ${timeoutSeconds} s`, { cause: error });
    throw new KmsError('not_signed', `cannot reach Vault at ${new URL(url).origin}`, { cause: error });
  }
}

/** @returns the text, or `undefined` if it is too long */
async function readText({ body }: Response): Promise<string | undefined> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop cancels the transfer.
    if (text.length > MAX_RESPONSE) return undefined;
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the errors of Vault: `{ "errors": ["permission denied"] }`. */
function errorsOf(json: unknown): string {
  const errors = (json as { errors?: unknown } | null | undefined)?.errors;
  const texts = Array.isArray(errors) ? errors.filter((one) => typeof one === 'string' && one !== '') : [];
  return texts.length === 0 ? '' : `: ${printable(texts.join('; '), 300)}`;
}
