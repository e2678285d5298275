/** One request and its response: signs each attempt, sends a request refused for its time once more, and follows redirects. */
import { isPromise } from '../core/maybe-promise.ts';
import { pause } from './pause.ts';
import { followRedirect, type Hop, locationOf } from './redirect.ts';
import { isRepeatable } from './repeatable.ts';
import type { ResponseHead } from './response-head.ts';
import type { SignAttempt } from './signing.ts';

/** How an HTTP client sends a request. */
interface Exchange<Response extends ResponseHead> {
  /** Sends one attempt. For the first one, it receives the very object that `exchange` was called with. */
  send(hop: Hop, authorization: string): Promise<Response>;
  /** Ends a response that nobody reads, so that its connection is free again. */
  discard(response: Response): unknown;
  /** Returns a copy of a body that was a stream, if there is one. */
  spareBody?(): unknown;
  /** Whether redirects are followed. */
  readonly follows: boolean;
  /** Ends the wait before another attempt. */
  readonly signal?: AbortSignal | null | undefined;
}

/**
 * Sends a request until its response is neither a redirect nor a refusal that another token can overcome.
 *
 * @returns the last response
 * @throws SignedFetchError for a redirect that is not followed and a clock that is not corrected; whatever the signer or `send` throws
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
    const signed = sign(hop.url, hop.method);
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
