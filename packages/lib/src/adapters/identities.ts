/** Remembers who sent each request that an adapter has let through. */
import type { AuthenticationResult, Identity } from '../server/authenticate.ts';

/** The functions of an adapter that return who sent a request. */
export interface IdentityOf<Request, User> {
  /**
   * Returns who sent a request. Call it in handlers behind the adapter.
   *
   * @param request - the framework's request
   * @throws Error if the adapter has not accepted this request; the message says what to mount where
   */
  identity(request: Request): Identity<User>;
  /**
   * Returns who sent a request, on a route that also accepts requests without a credential.
   *
   * @param request - the framework's request
   * @returns the identity, or `undefined` if the request has no credential
   * @throws Error if the adapter has not looked at this request; the message says what to mount where
   */
  identityOrUndefined(request: Request): Identity<User> | undefined;
}

/** The identities of one adapter. Adapters do not share them, because another adapter of the same authenticator may require less. */
export class Identities<User> {
  readonly #identities = new WeakMap<object, Identity<User> | undefined>();
  readonly #todo: string;

  /** @param todo - the end of the error for a request that the adapter has not looked at: what to do about it */
  constructor(todo: string) {
    this.#todo = todo;
  }

  /** Remembers a decision, and returns the identity of an accepted request. */
  remember(request: object, result: AuthenticationResult<User>): Identity<User> | undefined {
    if (!result.ok) {
      if (result.reason === 'missing') this.#identities.set(request, undefined);
      return undefined;
    }
    const { username, user, key, claims, bodyVerified } = result;
    const identity: Identity<User> = { username, user, key, claims, bodyVerified };
    this.#identities.set(request, identity);
    return identity;
  }

  /** Remembers that there is nobody to identify, for what is not a response to a request, such as a prerendered page. */
  rememberNobody(request: object): void {
    this.#identities.set(request, undefined);
  }

  /** As {@link IdentityOf.identity}. */
  get(request: object): Identity<User> {
    const identity = this.find(request);
    if (identity === undefined) {
      throw new Error(
        'the request has no credential; call identityOrUndefined() on routes where authentication is optional',
      );
    }
    return identity;
  }

  /** As {@link IdentityOf.identityOrUndefined}. */
  find(request: object): Identity<User> | undefined {
    if (!this.#identities.has(request)) throw new Error(`this request was not authenticated; ${this.#todo}`);
    return this.#identities.get(request);
  }
}
