/**
 * Authenticates requests in SvelteKit 3: export {@link sveltekitAuth} as `handle` from `src/hooks.server.ts`, or pass it to `sequence()`.
 */
import type { BindMember } from '../core/bind.ts';
import type { AuthenticationRequest } from '../core/request.ts';
import type { Authenticator } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions, type NodeRequest, readNodeRequest } from './node.ts';
import { MODE_KINDS, type ModeOptions, type RouteMode, RouteModes } from './route-modes.ts';
import { readWebRequest, refusalResponse } from './web.ts';
import { webBodyCheck } from './web-body.ts';

/** The part of a SvelteKit `RequestEvent` that the adapter uses. */
export interface SvelteKitEvent {
  readonly request: Request;
  /** `id` is the path of the route's folder, such as `/blog/[slug]`, and `null` for unknown paths. */
  readonly route: { readonly id: string | null };
  readonly locals: object;
  /** `@sveltejs/adapter-node` sets `platform.req`. */
  readonly platform?: unknown;
  /** Whether the server made this request itself, with `event.fetch`. */
  readonly isSubRequest: boolean;
  /** Whether the request calls a remote function. */
  readonly isRemoteRequest?: boolean;
  /** Throws while prerendering, and if the platform has no address. */
  getClientAddress(): string;
}

/** The options of {@link sveltekitAuth}. */
export interface SvelteKitAuthOptions extends ModeOptions, BodyOptions {
  /**
   * Returns how a route is authenticated: `false` opens it, `{ optional }` replaces the option of the adapter, `{ require }` adds to it,
   * and `undefined` changes nothing. Compare `event.route.id`, which is the route that SvelteKit runs. It is not called for remote
   * functions, because their callers choose `event.route.id`.
   */
  readonly route?: (event: SvelteKitEvent) => RouteMode | undefined;
}

/** What SvelteKit calls a hook `handle` with. */
export interface SvelteKitInput<Event> {
  readonly event: Event;
  readonly resolve: (event: Event) => Response | Promise<Response>;
}

/** The hook that {@link sveltekitAuth} makes. `load` functions, actions and `+server.ts` call `identity(event)`. */
export interface SvelteKitAuth<User> extends IdentityOf<Pick<SvelteKitEvent, 'request'>, User> {
  /**
   * Authenticates a request. SvelteKit calls it.
   *
   * @param input - from SvelteKit
   * @returns the response of `resolve`, or the response that refuses the request
   */
  <Event extends SvelteKitEvent>(input: SvelteKitInput<Event>): Promise<Response>;
}

/**
 * Makes a hook that passes authenticated requests to the routes and responds to all other requests itself. Routes get the sender's
 * identity, with the type of your users, from its method `identity`; it is also in `event.locals.auth`.
 *
 * The hook protects everything that SvelteKit runs for a request, including unknown paths, but not static files and prerendered pages.
 * While SvelteKit prerenders, requests have no credential, so a page that is not open fails the build.
 *
 * A request is authenticated once, even if several hooks of the same authenticator look at it, or on Node an adapter of the server in
 * front of SvelteKit. A request that the server makes itself, with `event.fetch`, is a new request.
 *
 * @param auth - authenticates the requests
 * @param options - {@link SvelteKitAuthOptions}
 * @returns a hook `handle`. Unless `optional` is set, routes that are not open always have an identity
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { sveltekitAuth } from 'asymmetric-jwt-auth/sveltekit';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * export const handle = sveltekitAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }), {
 *   route: ({ route }) => (route.id === '/health' ? false : undefined),
 * });
 * // In src/routes/me/+server.ts: export const GET = (event) => Response.json(handle.identity(event).user);
 * ```
 */
export function sveltekitAuth<User>(
  auth: Authenticator<User>,
  options: SvelteKitAuthOptions = {},
): SvelteKitAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { ...MODE_KINDS, ...BODY_KINDS, route: 'function' });
  const { route: modeOf, ...all } = options;

  const identities = new Identities<User>(MOUNT);
  const modes = new RouteModes(all, 'the option route');

  async function handle<Event extends SvelteKitEvent>({ event, resolve }: SvelteKitInput<Event>): Promise<Response> {
    // The caller of a remote function chooses `event.route.id`, with a header.
    const mode = modes.of(event.isRemoteRequest ? undefined : modeOf?.(event), event.route.id);
    if (mode === undefined) return resolve(event);
    const result = await decide(auth, {
      ...read(event, mode.require),
      ...webBodyCheck(event.request, options),
    });
    if (!result.ok && !(mode.optional === true && result.reason === 'missing')) return refusalResponse(result);
    Object.assign(event.locals, { auth: identities.remember(event.request, result) });
    return resolve(event);
  }
  return Object.assign(handle, {
    identity: (event: Pick<SvelteKitEvent, 'request'>) => identities.get(event.request),
    identityOrUndefined: (event: Pick<SvelteKitEvent, 'request'>) => identities.find(event.request),
  });
}

/** Reads a request. A request that the server made itself has the platform of the outer request, which must not count for it. */
function read(event: SvelteKitEvent, require: readonly BindMember[] | undefined): AuthenticationRequest {
  const incoming = event.isSubRequest ? undefined : incomingOf(event.platform);
  const seen =
    incoming === undefined
      ? readWebRequest(event.request, require)
      : readNodeRequest(incoming, incoming.originalUrl ?? incoming.url, require);
  return { ...seen, address: addressOf(event) };
}

/** Returns Node's request, which contains what was sent, byte for byte. Express and others remove their prefix from its `url`. */
function incomingOf(platform: unknown): (NodeRequest & { readonly originalUrl?: string }) | undefined {
  const incoming = (platform as { req?: Partial<NodeRequest> } | undefined)?.req;
  const isRequest = typeof incoming?.url === 'string' && Array.isArray(incoming.rawHeaders);
  return isRequest ? (incoming as NodeRequest) : undefined;
}

/** Returns the caller's address according to the platform. Without one, a key that is restricted to some addresses is refused. */
function addressOf(event: SvelteKitEvent): string | undefined {
  try {
    return event.getClientAddress() || undefined;
  } catch {
    return undefined;
  }
}

const MOUNT =
  'export the hook from sveltekitAuth() as handle in src/hooks.server.ts, and do not open this route with the option route';
