/** Step 8: checks that the body is the one that was signed (spec/PROTOCOL.md §5). */
import { BodyError } from './body-error.ts';
import { Refusal } from './reasons.ts';
import type { AuthenticationRequest } from './request.ts';

/** The body is the one that was signed, or it is checked while the handler reads it. */
export interface CheckedBody {
  /** Resolves to `true` when the body has been checked. Its rejection is already handled. */
  readonly verified: Promise<boolean>;
}

/** What an identity says about a body whose digest the token does not contain. */
export const UNSIGNED_BODY: CheckedBody = { verified: Promise.resolve(false) };
const SIGNED_BODY: CheckedBody = { verified: Promise.resolve(true) };

/**
 * Checks the body, or starts to check it if the request has `checkBodyLater`.
 *
 * @param digest - the digest in the token
 * @param onFailure - called if the body turns out not to be the signed one after the request was accepted
 * @throws the error of `bodyDigest` or `checkBodyLater`, unless it is a {@link BodyError}
 */
export async function checkBody(
  digest: string,
  request: AuthenticationRequest,
  onFailure: (refusal: Refusal) => void,
): Promise<CheckedBody | Refusal> {
  try {
    if (request.checkBodyLater !== undefined) {
      const verified = Promise.resolve(request.checkBodyLater(digest)).then(() => true);
      verified.catch((cause) => onFailure(refusalOf(cause)));
      return { verified };
    }
    return digest === (await request.bodyDigest?.()) ? SIGNED_BODY : new Refusal('binding_mismatch');
  } catch (cause) {
    if (cause instanceof BodyError) return refusalOf(cause);
    throw cause;
  }
}

/**
 * Throws if an earlier call for this request let the handler read the body while it is checked, and this call wants it to be checked first.
 *
 * @param first - `bodyVerified` of the earlier call
 */
export function refuseLateCheck(first: Promise<boolean>, request: AuthenticationRequest): void {
  const isSettled = first === UNSIGNED_BODY.verified || first === SIGNED_BODY.verified;
  if (isSettled || request.bodyDigest === undefined || request.checkBodyLater !== undefined) return;
  throw new Error(`an earlier adapter has the option body: 'stream'; pass it here too, and await bodyVerified`);
}

function refusalOf(cause: unknown): Refusal {
  return cause instanceof BodyError ? new Refusal(cause.code) : new Refusal('unavailable', undefined, cause);
}
