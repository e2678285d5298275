/** One request to Vault, and its answer. */
import { printable } from '../../core/printable.ts';
import { KmsError } from './error.ts';

/** Longest answer that is read, in bytes: the longest signature takes 1.4 kB. */
const MAX_ANSWER = 65_536;

/** How to ask. */
export interface VaultRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Seconds. */
  readonly timeout: number;
  readonly fetch: typeof fetch;
}

/**
 * Asks Vault.
 *
 * @returns the JSON of its answer
 * @throws KmsError; its message has what Vault says, and never the token
 */
export async function askVault({ url, headers, body, timeout, fetch }: VaultRequest): Promise<unknown> {
  const signal = AbortSignal.timeout(timeout * 1000);
  try {
    // A redirect would hand the token to whoever it names.
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
    const text = await readText(response);
    const answer = text === undefined ? undefined : parse(text);
    if (!response.ok) throw new KmsError('not_signed', `Vault answers ${response.status}${complaint(answer)}`);
    if (answer === undefined) throw new KmsError('bad_answer', 'Vault answers something else than a short JSON object');
    return answer;
  } catch (error) {
    if (error instanceof KmsError) throw error;
    if (signal.aborted) throw new KmsError('timed_out', `Vault did not answer within ${timeout} s`, { cause: error });
    throw new KmsError('not_signed', `Vault cannot be reached at ${new URL(url).origin}`, { cause: error });
  }
}

/** @returns `undefined` where there is too much of it */
async function readText({ body }: Response): Promise<string | undefined> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop ends the transfer.
    if (text.length > MAX_ANSWER) return undefined;
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

/** What its API says is wrong: `{ "errors": ["permission denied"] }`. */
function complaint(answer: unknown): string {
  const errors = (answer as { errors?: unknown } | null | undefined)?.errors;
  const texts = Array.isArray(errors) ? errors.filter((one) => typeof one === 'string' && one !== '') : [];
  return texts.length === 0 ? '' : `: ${printable(texts.join('; '), 300)}`;
}
