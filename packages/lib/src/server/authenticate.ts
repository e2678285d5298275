/** Authenticates requests. `authenticate` checks each request in the order of spec/LIFECYCLE.md, and the types enforce this order. */
import { credentialReader } from '../core/authorization.ts';
import { checkBinding, missingMembers } from '../core/check-binding.ts';
import { type CheckedBody, checkBody, refuseLateCheck, UNSIGNED_BODY } from '../core/check-body.ts';
import { checkClaim } from '../core/check-claim.ts';
import type { Claims } from '../core/claims.ts';
import type { Readiness, VerificationKey } from '../core/contracts.ts';
import { inTime, STORE_PATIENCE } from '../core/in-time.ts';
import { callHook, ignoreRejection, isPromise } from '../core/maybe-promise.ts';
import { malformed, Refusal } from '../core/reasons.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import { checkTime } from '../core/time.ts';
import { parseToken } from '../core/token.ts';
import type { ClaimedToken, UnverifiedToken } from '../core/trust.ts';
import { selectCandidates, verifySignature } from '../core/verify.ts';
import { Decisions } from './decisions.ts';
import { eventOf } from './event.ts';
import { type AuthenticatorOptions, readOptions } from './options.ts';
import { readinessProbe } from './readiness.ts';
import { challenger, type RefusedResult } from './refusal-response.ts';

/** Who sent the request. */
export interface Identity<User> {
  readonly username: string;
  /** The application's own object for this user, from the key store. */
  readonly user: User;
  /** The key that signed the token. */
  readonly key: VerificationKey;
  /** All claims of the token. */
  readonly claims: Claims;
  /**
   * Settles when the body has been checked. Resolves to `true` if it is the one that was signed, and to `false` if the token has no
   * `bind.digest`, so that nobody signed a body. Rejects with a `BodyError` if it is another body, or incomplete. It has settled when the handler
   * starts, except in the mode `stream`: there, read the body, then await this promise before you act on what you have read. If you do not
   * await it, its rejection is ignored.
   */
  readonly bodyVerified: Promise<boolean>;
}

/** An accepted request. */
export interface AcceptedResult<User> extends Identity<User> {
  readonly ok: true;
}

export type AuthenticationResult<User> = AcceptedResult<User> | RefusedResult;

/** Authenticates requests. {@link createAuthenticator} makes one. */
export interface Authenticator<User> {
  /**
   * Authenticates a request. An accepted token is used up.
   *
   * @param request - the parts of the request that are checked
   * @returns who sent the request, or the complete response that refuses it. The promise never rejects, even if a store fails
   */
  authenticate(request: AuthenticationRequest): Promise<AuthenticationResult<User>>;
  /**
   * Checks whether requests can be authenticated now, for your own `/readyz`. Call it as often as you like: it queries the key store at
   * most once a second.
   *
   * @returns `{ ready: true }`, or the reason why the nonce store or the key store cannot serve. The promise settles within a second, and
   *   never rejects
   */
  readiness(): Promise<Readiness>;
}

/**
 * Makes an authenticator from a key store and a nonce store.
 *
 * @param options - {@link AuthenticatorOptions}
 * @returns an authenticator, which checks each request in the order of spec/LIFECYCLE.md
 * @throws TypeError for an option that is unknown or out of range; the message names it
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore, PrivateKey } from 'asymmetric-jwt-auth';
 * import { createAuthorization } from 'asymmetric-jwt-auth/client';
 *
 * const key = await PrivateKey.generate('ed25519');
 * const keys = memoryKeyStore();
 * keys.addKey('guido', key.publicKey);
 * const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
 *
 * const authorization = await createAuthorization({ username: 'guido', key });
 * const first = await auth.authenticate({ authorization });
 * const second = await auth.authenticate({ authorization });
 * console.log(first.ok && first.username, second.ok || second.reason); // guido replayed
 * ```
 */
export function createAuthenticator<User>(options: AuthenticatorOptions<User>): Authenticator<User> {
  const { keys, nonces, tolerance, scheme, realm, policy, ed25519, now: clock, onResult } = readOptions(options);
  const readCredential = credentialReader(scheme);
  const answer = challenger({ scheme, realm, tolerance });

  function tell(
    outcome: 'accepted' | Refusal,
    request: AuthenticationRequest,
    claims: Claims | undefined,
    kid: string | undefined,
  ): void {
    // Without a hook, skip the cost of escaping.
    if (onResult === undefined) return;
    ignoreRejection(onResult(eventOf(outcome, claims, kid), request));
  }

  function accept(token: ClaimedToken<User>, request: AuthenticationRequest, body: CheckedBody): AcceptedResult<User> {
    const { claims, record, key } = token;
    tell('accepted', request, claims, key.kid);
    // Accept the request even if the use of the key cannot be recorded.
    if (keys.recordUse !== undefined) callHook(() => keys.recordUse?.(key, clock()));
    return { ok: true, username: record.username, user: record.user, key, claims, bodyVerified: body.verified };
  }

  function refuse(
    refusal: Refusal,
    request: AuthenticationRequest,
    token?: Pick<UnverifiedToken, 'claims' | 'kid'>,
  ): RefusedResult {
    tell(refusal, request, token?.claims, token?.kid);
    return answer(refusal, clock());
  }

  function unavailable(
    cause: unknown,
    request: AuthenticationRequest,
    token: UnverifiedToken | undefined,
  ): RefusedResult {
    const refusal = new Refusal('unavailable', undefined, cause);
    try {
      tell(refusal, request, token?.claims, token?.kid);
    } catch {
      // The hook has failed again: respond without it.
    }
    return answer(refusal, 0);
  }

  /** Checks what a later call for the same request requires in addition to the first call. */
  function lookAgain(
    first: AuthenticationResult<User>,
    request: AuthenticationRequest,
    isSame: boolean,
  ): AuthenticationResult<User> {
    try {
      if (!isSame) return refuse(malformed('header_changed'), request);
      if (!first.ok) return first;
      if (request.malformed !== undefined) return refuse(malformed(request.malformed), request);
      // All members of `bind` have been compared with the request.
      const missing = missingMembers(first.claims, [request.require]);
      if (missing !== undefined) return refuse(missing, request, { claims: first.claims, kid: first.key.kid });
      refuseLateCheck(first.bodyVerified, request);
      return first;
    } catch (cause) {
      return unavailable(cause, request, undefined);
    }
  }

  const decisions = new Decisions<AuthenticationResult<User>>();

  return {
    readiness: readinessProbe(keys, nonces, clock),

    authenticate: (request) => decisions.of(request, decide, (first, isSame) => lookAgain(first, request, isSame)),
  };

  async function decide(request: AuthenticationRequest): Promise<AuthenticationResult<User>> {
    let parsed: UnverifiedToken | undefined;
    try {
      // 1. Read the credential from the `Authorization` header.
      const credential = readCredential(request.authorization);
      if (credential instanceof Refusal) return refuse(credential, request);

      // 2. Refuse a malformed request, and read the token.
      if (request.malformed !== undefined) return refuse(malformed(request.malformed), request);
      const token = parseToken(credential);
      if (token instanceof Refusal) return refuse(token, request);
      parsed = token;

      // 3. Find the user, and the keys that may have signed.
      const found = keys.find(token.claims.username, token.hint);
      const candidates = selectCandidates(
        token,
        isPromise(found) ? await inTime(found, STORE_PATIENCE, 'the key store') : found,
        request.address,
      );

      // 4. Verify the signature. After a refusal by step 3, this tries a dummy key, so that the response takes as long.
      const signed = verifySignature(token, candidates, ed25519);
      if (signed instanceof Refusal) return refuse(signed, request, token);

      // 5. Check that the token was signed just now.
      const now = clock();
      const fresh = checkTime(signed, now, tolerance);
      if (fresh instanceof Refusal) return refuse(fresh, request, token);

      // 6. Check that the token is for this server and this request.
      const bound = checkBinding(fresh, request, policy);
      if (bound instanceof Refusal) return refuse(bound, request, token);

      // 7. Check that the token was never used before.
      const outcome = nonces.claim(bound.claims, now);
      const claim = isPromise(outcome) ? await inTime(outcome, STORE_PATIENCE, 'the nonce store') : outcome;
      const claimed = checkClaim(bound, claim, clock(), tolerance);
      if (claimed instanceof Refusal) return refuse(claimed, request, token);

      // 8. Check that the body is the one that was signed, or start to check it while the handler reads it.
      const { digest } = claimed.claims.bind ?? {};
      const late = (refusal: Refusal) => callHook(() => tell(refusal, request, token.claims, token.kid));
      const body = digest === undefined ? UNSIGNED_BODY : await checkBody(digest, request, late);
      if (body instanceof Refusal) return refuse(body, request, token);

      return accept(claimed, request, body);
    } catch (cause) {
      return unavailable(cause, request, parsed);
    }
  }
}
