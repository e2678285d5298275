/**
 * A wrong order of checks does not compile. The compiler tests this: a `@ts-expect-error` is itself an error if the line below it
 * compiles. These functions never run.
 */
import { expect, test } from 'vitest';
import { type BindingPolicy, checkBinding } from '../../src/core/check-binding.ts';
import { checkClaim } from '../../src/core/check-claim.ts';
import type { UserRecord } from '../../src/core/contracts.ts';
import type { Refusal } from '../../src/core/reasons.ts';
import type { AuthenticationRequest } from '../../src/core/request.ts';
import { checkTime } from '../../src/core/time.ts';
import { parseToken } from '../../src/core/token.ts';
import type {
  BoundToken,
  Candidates,
  ClaimedToken,
  FreshToken,
  SignedToken,
  UnverifiedToken,
} from '../../src/core/trust.ts';
import { selectCandidates, verifySignature } from '../../src/core/verify.ts';

/** The results of the steps, and their other parameters. */
interface Products {
  readonly unverified: UnverifiedToken;
  readonly candidates: Candidates<string>;
  readonly signed: SignedToken<string>;
  readonly fresh: FreshToken<string>;
  readonly bound: BoundToken<string>;
  readonly claimed: ClaimedToken<string>;
  readonly refusal: Refusal;
  readonly record: UserRecord<string>;
  readonly request: AuthenticationRequest;
  readonly policy: BindingPolicy;
}

function rightOrder({ unverified, candidates, signed, fresh, bound, refusal, record, request, policy }: Products) {
  return [
    parseToken('') satisfies UnverifiedToken | Refusal,
    selectCandidates(unverified, record) satisfies Candidates<string> | Refusal,
    selectCandidates(unverified, undefined),
    verifySignature(unverified, candidates) satisfies SignedToken<string> | Refusal,
    verifySignature(unverified, refusal),
    checkTime(signed, 0, 20) satisfies FreshToken<string> | Refusal,
    checkBinding(fresh, request, policy) satisfies BoundToken<string> | Refusal,
    checkClaim(bound, 'claimed', 0, 20) satisfies ClaimedToken<string> | Refusal,
  ];
}

function selectsFromUnverifiedTokensOnly({ candidates, signed, refusal, record }: Products) {
  // @ts-expect-error a string must be parsed first
  selectCandidates('header.payload.signature', record);
  // @ts-expect-error candidates are the result of this step, not its input
  selectCandidates(candidates, record);
  // @ts-expect-error the result of a later step
  selectCandidates(signed, record);
  // @ts-expect-error a malformed token has no candidates
  selectCandidates(refusal, record);
  // @ts-expect-error the result of step 2 has not been checked
  selectCandidates(parseToken(''), record);
}

function verifiesCandidatesOnly({ unverified, candidates, signed, fresh, refusal, record }: Products) {
  // @ts-expect-error the keys of a user are not candidates yet
  verifySignature(unverified, record);
  // @ts-expect-error step 3 skipped
  verifySignature(unverified);
  // @ts-expect-error candidates without the token
  verifySignature(candidates, candidates);
  // @ts-expect-error the result of a later step
  verifySignature(signed, candidates);
  // @ts-expect-error the result of a later step
  verifySignature(fresh, candidates);
  // @ts-expect-error a malformed token has no signature
  verifySignature(refusal, candidates);
}

function checksTheTimeOfSignedTokensOnly({ unverified, candidates, fresh, bound, claimed, refusal }: Products) {
  // @ts-expect-error step 4 skipped
  checkTime(unverified, 0, 20);
  // @ts-expect-error step 4 skipped
  checkTime(candidates, 0, 20);
  // @ts-expect-error step 4 may have refused the token
  checkTime(verifySignature(unverified, candidates), 0, 20);
  // @ts-expect-error the result of a later step
  checkTime(fresh, 0, 20);
  // @ts-expect-error the result of a later step
  checkTime(bound, 0, 20);
  // @ts-expect-error the result of a later step
  checkTime(claimed, 0, 20);
  // @ts-expect-error a refused token
  checkTime(refusal, 0, 20);
}

function bindsFreshTokensOnly({ unverified, signed, bound, claimed, refusal, request, policy }: Products) {
  // @ts-expect-error steps 3 to 5 skipped
  checkBinding(unverified, request, policy);
  // @ts-expect-error step 5 skipped
  checkBinding(signed, request, policy);
  // @ts-expect-error step 5 may have refused the token
  checkBinding(checkTime(signed, 0, 20), request, policy);
  // @ts-expect-error the result of a later step
  checkBinding(bound, request, policy);
  // @ts-expect-error the result of a later step
  checkBinding(claimed, request, policy);
  // @ts-expect-error a refused token
  checkBinding(refusal, request, policy);
}

function claimsBoundTokensOnly({ unverified, signed, fresh, claimed, refusal, request, policy }: Products) {
  // @ts-expect-error steps 3 to 6 skipped
  checkClaim(unverified, 'claimed', 0, 20);
  // @ts-expect-error steps 5 and 6 skipped
  checkClaim(signed, 'claimed', 0, 20);
  // @ts-expect-error step 6 skipped
  checkClaim(fresh, 'claimed', 0, 20);
  // @ts-expect-error step 6 may have refused the token
  checkClaim(checkBinding(fresh, request, policy), 'claimed', 0, 20);
  // @ts-expect-error the nonce has already been claimed
  checkClaim(claimed, 'claimed', 0, 20);
  // @ts-expect-error a refused token
  checkClaim(refusal, 'claimed', 0, 20);
}

function nobodyWritesAStateByHand({ unverified, signed, record }: Products) {
  const key = signed.key;
  // @ts-expect-error the mark of a state cannot be written
  const made: SignedToken<string> = { claims: unverified.claims, record, key };
  // @ts-expect-error an earlier state is not a later one
  const promoted: ClaimedToken<string> = signed;
  // @ts-expect-error a later state is not an earlier one
  const demoted: FreshToken<string> = promoted;
  // @ts-expect-error the user type of another application
  const other: SignedToken<number> = signed;
  return [made, promoted, demoted, other];
}

const JUDGED = {
  rightOrder,
  selectsFromUnverifiedTokensOnly,
  verifiesCandidatesOnly,
  checksTheTimeOfSignedTokensOnly,
  bindsFreshTokensOnly,
  claimsBoundTokensOnly,
  nobodyWritesAStateByHand,
};

test.each(Object.entries(JUDGED))('the compiler has checked %s', (_name, judged) => {
  expect(judged).toBeTypeOf('function');
});
