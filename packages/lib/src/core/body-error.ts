/** Defines the error of bodies that are not the ones that were signed. */
import { CodedError } from './coded-error.ts';
import { REASONS } from './reasons.ts';

/**
 * The causes, which are also reasons of refusals:
 *
 * - `binding_mismatch`: the body is not the one that was signed
 * - `body_too_large`: the body is longer than `maxBodyBytes`
 * - `body_incomplete`: the caller did not send the whole body
 */
export type BodyErrorCode = 'binding_mismatch' | 'body_too_large' | 'body_incomplete';

/**
 * Reports that a body is not the one that was signed. A `bodyDigest` function may throw it: the request is then refused for this reason. In
 * the mode `stream`, the request's stream fails with it, and so does `identity.bodyVerified`.
 *
 * @example
 * ```ts
 * import { BodyError } from 'asymmetric-jwt-auth';
 *
 * const error = new BodyError('body_too_large');
 * console.log(error.code, error.status); // body_too_large 413
 * ```
 */
export class BodyError extends CodedError<BodyErrorCode> {
  override readonly name = 'BodyError';
  /** The status of the refusal. Frameworks that handle errors of streams respond with it. */
  readonly status: 401 | 408 | 413;
  /** The same as `status`, for Fastify. */
  readonly statusCode: number;

  constructor(code: BodyErrorCode) {
    super(code, REASONS[code].message);
    this.status = REASONS[code].status;
    this.statusCode = this.status;
  }
}
