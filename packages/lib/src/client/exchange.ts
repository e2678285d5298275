/** Sends a request and follows redirects. Signs each attempt, and makes another one if the server refuses a token because of its time. */
import { isPromise } from '../core/maybe-promise.ts';
import { pause } from './pause.ts';
import { followRedirect, type Hop, locationOf } from './redirect.ts';
import { isRepeatable } from './repeatable.ts';
import type { ResponseHead } from './response-head.ts';
import type { SignAttempt } from './signing.ts';

/** How an HTTP client sends a request. */
interface Exchange<Response extends ResponseHead> {
  /** Sends one attempt. For the first one, `hop` is the object that `exchange` was called with. */
  send(hop: Hop, authorization: string): Promise<Response>;
  /** Discards a response that the caller does not get, so that its connection can be used again. */
  discard(response: Response): unknown;
  /** Returns a copy of the body if the body was a stream and a copy exists. */
  spareBody?(): unknown;
  /** Whether redirects are followed. */
  readonly follows: boolean;
  /** Ends the wait before another attempt early. */
  readonly signal?: AbortSignal | null | undefined;
}

/**
 * Sends a request. Sends it again after each redirect, and once after a refusal that a new token can overcome.
 *
 * @returns the last response
 * @throws SignedFetchError for a redirect that is not followed, or a clock that is not corrected; any error of the signer or of `send`
 */
export async function exchange<Response extends ResponseHead>(
  sign: SignAttempt,
  first: Hop,
  { send, discard, spareBody, follows, signal }: Exchange<Response>,
): Promise<Response> {
  let hop = first;
  let redirects = 0;
  let isRepeated = false;

  for (;;) {
    const signed = sign(hop.url, hop.method, undefined, hop.body);
    const attempt = isPromise(signed) ? await signed : signed;
    const response = await send(hop, attempt.authorization);
    hop = { ...hop, body: isRepeatable(hop.body) ? hop.body : (spareBody?.() ?? hop.body) };

    const verdict = attempt.judge(response);
    const repeats = verdict !== undefined && !isRepeated && isRepeatable(hop.body);
    const location = follows ? locationOf(response) : null;
    if (!(verdict instanceof Error) && !repeats && location === null) return response;

    await discard(response);
    if (verdict instanceof Error) throw verdict;
    if (repeats) {
      isRepeated = true;
      await pause(verdict.wait, signal);
    } else hop = followRedirect(hop, response.status, location as string, redirects++);
  }
}
