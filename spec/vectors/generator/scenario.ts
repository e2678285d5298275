/** The types of a vector, and functions to write one. */
import { NOW } from './sign.ts';

export interface VectorKey {
  /** Name of a key in `keys.json`. */
  readonly key: string;
  readonly state: 'active' | 'staged' | 'expired' | 'retired' | 'revoked';
  /** The only algorithm that the key is registered for. */
  readonly alg?: string;
}

export interface VectorUser {
  readonly username: string;
  readonly disabled?: boolean;
  readonly require?: readonly string[];
  readonly keys: readonly VectorKey[];
}

export interface VectorServer {
  /** T, in seconds. */
  readonly tolerance: number;
  readonly audience?: readonly string[];
  readonly require?: readonly string[];
  /** Maximum claims of one user in a second. */
  readonly perUser?: number;
}

export interface VectorRequest {
  /** Describes the request to people. */
  readonly what?: string;
  readonly authorization: string | readonly string[] | null;
  readonly method: string;
  readonly target: string;
  /** The body as received, in UTF-8. Without it, the server that checks the token cannot see the body. */
  readonly body?: string;
  /** The server's clock; default that of the vector. */
  readonly now?: number;
}

export type Expectation =
  | { readonly ok: true; readonly username: string }
  | {
      readonly ok: false;
      readonly reason: string;
      readonly status: number;
      /** `null`: a challenge without an error. */
      readonly error: string | null;
      /** For `malformed`, if only one thing is wrong. */
      readonly detail?: string;
    };

/** One file. */
export interface Vector {
  readonly name: string;
  readonly why: string;
  readonly now: number;
  readonly server: VectorServer;
  readonly users: readonly VectorUser[];
  readonly requests: readonly VectorRequest[];
  readonly expect: readonly Expectation[];
}

/** A request with its expected outcome. */
export type Step = VectorRequest & { readonly expect: Expectation };

const ANSWERS: Readonly<Record<string, readonly [status: number, error: string | null]>> = {
  missing: [401, null],
  malformed: [401, 'invalid_token'],
  unknown_user: [401, 'invalid_token'],
  user_disabled: [401, 'invalid_token'],
  unknown_key: [401, 'invalid_token'],
  key_expired: [401, 'invalid_token'],
  key_retired: [401, 'invalid_token'],
  key_revoked: [401, 'invalid_token'],
  bad_signature: [401, 'invalid_token'],
  stale: [401, 'stale_time'],
  from_the_future: [401, 'stale_time'],
  expired: [401, 'stale_time'],
  wrong_audience: [401, 'wrong_audience'],
  binding_required: [401, 'binding_required'],
  binding_mismatch: [401, 'binding_mismatch'],
  replayed: [401, 'replayed'],
  forgotten: [401, 'stale_time'],
  rate_limited: [429, 'rate_limited'],
};

type Request = Omit<Partial<VectorRequest>, 'authorization'>;

function step(
  authorization: VectorRequest['authorization'],
  expect: Expectation,
  request: string | Request = {},
): Step {
  const { what, ...more } = typeof request === 'string' ? { what: request } : request;
  return {
    ...(what === undefined ? {} : { what }),
    authorization,
    method: 'GET',
    target: '/v1/items?x=1',
    ...more,
    expect,
  };
}

/** @param request - description, or all members that differ from the defaults */
export function accepted(authorization: string, request?: string | Request, username = 'alice'): Step {
  return step(authorization, { ok: true, username }, request);
}

/** @param request - description, or all members that differ from the defaults */
export function refused(
  reason: string,
  authorization: VectorRequest['authorization'],
  request?: string | Request,
  detail?: string,
): Step {
  const [status, error] = ANSWERS[reason] as readonly [number, string | null];
  return step(
    authorization,
    { ok: false, reason, status, error, ...(detail === undefined ? {} : { detail }) },
    request,
  );
}

/** A malformed credential. */
export function malformed(
  detail: string,
  authorization: VectorRequest['authorization'],
  request?: string | Request,
): Step {
  return refused('malformed', authorization, request, detail);
}

/** Makes a user with active keys. */
export function userWith(username: string, ...keys: string[]): VectorUser {
  return { username, keys: keys.map((key) => ({ key, state: 'active' })) };
}

/** Makes a vector. Defaults: a tolerance of 20 s, and the user alice with the key `ed25519-1`. */
export function scenario(
  name: string,
  why: string,
  steps: readonly Step[],
  {
    users = [userWith('alice', 'ed25519-1')],
    server = {},
  }: { users?: VectorUser[]; server?: Partial<VectorServer> } = {},
): Vector {
  return {
    name,
    why,
    now: NOW,
    server: { tolerance: 20, ...server },
    users,
    requests: steps.map(({ expect: _, ...request }) => request),
    expect: steps.map(({ expect }) => expect),
  };
}
