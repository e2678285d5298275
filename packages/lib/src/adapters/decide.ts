/** Passes requests from the adapters to the authenticator. */
import { endOfTurn } from '#engine';
import type { AuthenticationRequest } from '../core/request.ts';
import type { AuthenticationResult, Authenticator } from '../server/authenticate.ts';

/**
 * Decides about a request together with the other requests of this turn of the event loop: all are read, then all are decided, then all
 * responses are written. The code of each step stays in the processor's caches, which makes a loaded server faster (docs/BENCHMARKS.md). A
 * lone request waits a few microseconds.
 *
 * @param auth - the authenticator
 * @param request - the request as it was before the wait, because frameworks may rewrite theirs later
 * @returns as {@link Authenticator.authenticate}; never rejects
 */
export async function decide<User>(
  auth: Authenticator<User>,
  request: AuthenticationRequest,
): Promise<AuthenticationResult<User>> {
  await endOfTurn();
  return auth.authenticate(request);
}
