/**
 * Authenticates requests in Astro 7: export {@link astroAuth} as `onRequest` from `src/middleware.ts`, or pass it to `sequence()`.
 */
import type { Authenticator } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions } from './node.ts';
import { MODE_KINDS, type ModeOptions, type RouteMode, RouteModes } from './route-modes.ts';
import { readWebRequest, refusalResponse } from './web.ts';

/** The part of an `APIContext` that the adapter uses. */
export interface AstroContext {
  readonly request: Request;
  /** The path of the route's file, such as `/blog/[slug]`. */
  readonly routePattern: string;
  /** Whether the page is built in advance. Then there is no request to authenticate. */
  readonly isPrerendered: boolean;
  readonly locals: object;
  /** Throws while prerendering, and if the platform has no address. */
  readonly clientAddress: string;
}

/** The options of {@link astroAuth}. */
export interface AstroAuthOptions extends ModeOptions, BodyOptions {
  /**
   * Returns how a route is authenticated: `false` opens it, `{ optional }` replaces the option of the adapter, `{ require }` adds to it,
   * and `undefined` changes nothing. Compare `context.routePattern`, which is the route that Astro runs. It is not called for actions
   * that a form sends to a page, because these are not part of that page.
   */
  readonly route?: (context: AstroContext) => RouteMode | undefined;
}

/** The middleware that {@link astroAuth} makes. Endpoints, actions and pages call `identity(context)` or `identity(Astro)`. */
export interface AstroAuth<User> extends IdentityOf<Pick<AstroContext, 'request'>, User> {
  /**
   * Authenticates a request. Astro calls it.
   *
   * @param context - from Astro
   * @param next - calls the next middleware, or renders the route
   * @returns the response of `next`, or the response that refuses the request
   * @throws Error for a prerendered page that is neither open nor optional
   */
  (context: AstroContext, next: () => Promise<Response>): Promise<Response>;
}

/**
 * Makes a middleware that passes authenticated requests to the routes and responds to all other requests itself. Routes get the sender's
 * identity, with the type of your users, from its method `identity`; it is also in `context.locals.auth`.
 *
 * The middleware throws while Astro prerenders a page that is neither open nor optional, which fails the build: a prerendered page is sent
 * to everyone, without the middleware.
 *
 * A request is authenticated once, even if several middlewares of the same authenticator look at it, and also after `rewrite()`.
 *
 * @param auth - authenticates the requests
 * @param options - {@link AstroAuthOptions}
 * @returns a middleware. Unless `optional` is set, routes that are not open always have an identity
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { astroAuth } from 'asymmetric-jwt-auth/astro';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * export const onRequest = astroAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }), {
 *   route: ({ routePattern }) => (routePattern === '/health' ? false : undefined),
 * });
 * // In src/pages/me.ts: export const GET = (context) => Response.json(onRequest.identity(context).user);
 * ```
 */
export function astroAuth<User>(auth: Authenticator<User>, options: AstroAuthOptions = {}): AstroAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, { ...MODE_KINDS, ...BODY_KINDS, route: 'function' });
  const { route: modeOf, ...all } = options;

  const identities = new Identities<User>(MOUNT);
  const modes = new RouteModes(all, 'the option route');

  async function onRequest(context: AstroContext, next: () => Promise<Response>): Promise<Response> {
    // Before anything rewrites it.
    const request = requestOf(context);
    const mode = modes.of(isAction(context.request) ? undefined : modeOf?.(context), context.routePattern);
    if (mode === undefined) return next();
    if (context.isPrerendered) {
      if (mode.optional !== true) throw new Error(`${context.routePattern} ${PRERENDERED}`);
      identities.rememberNobody(request);
      return next();
    }
    const read = readWebRequest(request, mode.require, options);
    const result = await decide(auth, { ...read, address: addressOf(context) });
    if (!result.ok && !(mode.optional === true && result.reason === 'missing')) return refusalResponse(result);
    Object.assign(context.locals, { auth: identities.remember(request, result) });
    return next();
  }
  return Object.assign(onRequest, {
    identity: (context: Pick<AstroContext, 'request'>) => identities.get(requestOf(context)),
    identityOrUndefined: (context: Pick<AstroContext, 'request'>) => identities.find(requestOf(context)),
  });
}

/** Returns whether the request calls an action through the URL of a page, which then runs whatever the page is. */
function isAction(request: Request): boolean {
  return new URL(request.url).searchParams.has('_action');
}

/**
 * Returns the `Request` with which a request began. After a rewrite, `context.request` is another object; the state that Astro has for each
 * request, or the cookies, are still the same.
 */
function requestOf(context: Pick<AstroContext, 'request'>): Request {
  const { [STATE]: state, cookies } = context as Linked;
  const links = [context.request, state, cookies].filter((link) => typeof link === 'object' && link !== null);
  const first = links.map((link) => firstRequests.get(link)).find((request) => request !== undefined);
  const request = first ?? context.request;
  for (const link of links) firstRequests.set(link, request);
  return request;
}

/** The objects that Astro makes for each request. */
interface Linked {
  readonly [STATE]?: object;
  readonly cookies?: object;
}
const STATE = Symbol.for('astro.fetchState');
const firstRequests = new WeakMap<object, Request>();

/** Returns the caller's address according to the platform. Without one, a key that is restricted to some addresses is refused. */
function addressOf(context: AstroContext): string | undefined {
  try {
    return context.clientAddress || undefined;
  } catch {
    return undefined;
  }
}

const MOUNT =
  'export the middleware from astroAuth() as onRequest in src/middleware.ts, and do not open this route with the option route';
const PRERENDERED =
  'is prerendered, so its requests cannot be authenticated; add `export const prerender = false` to it, or open it with the option route';
