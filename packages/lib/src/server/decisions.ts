/** Remembers the decision about each request, so that a second call for the same request is not refused as a replay of the first. */
import type { AuthenticationRequest } from '../core/request.ts';

interface Decision<Result> {
  /** The values of `Authorization` that were decided on. */
  readonly credentials: readonly unknown[];
  readonly result: Promise<Result>;
}

/** The decisions about requests whose objects still exist. */
export class Decisions<Result> {
  readonly #decisions = new WeakMap<object, Decision<Result>>();

  /**
   * Returns the decision about a request. The first call decides, based on what was read at that time: middleware may rewrite the
   * method and the URL later. A request without an object is decided in each call.
   *
   * @param decide - decides about the request
   * @param again - checks what a later call requires in addition. `isSame`: whether its `Authorization` values equal those of the first call
   */
  of(
    request: AuthenticationRequest,
    decide: (request: AuthenticationRequest) => Promise<Result>,
    again: (first: Result, isSame: boolean) => Result,
  ): Promise<Result> {
    const object = request?.request;
    if (typeof object !== 'object' || object === null) return decide(request);
    const credentials = [request.authorization ?? []].flat();
    const first = this.#decisions.get(object);
    if (first === undefined) {
      const result = decide(request);
      this.#decisions.set(object, { credentials, result });
      return result;
    }
    const isSame =
      credentials.length === first.credentials.length &&
      credentials.every((one, index) => one === first.credentials[index]);
    return first.result.then((result) => again(result, isSame));
  }
}
