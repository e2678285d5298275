/**
 * Authenticates requests in Fastify 5: register {@link fastifyAuth} in the scope to protect, or use its hook in single routes. To use
 * `request.auth` in TypeScript, import `asymmetric-jwt-auth/fastify/global` once, which declares its type.
 */
import type { OptionKinds } from '../core/options.ts';
import type { Authenticator } from '../server/authenticate.ts';
import { BODY_KINDS, type BodyOptions, readBodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import { checkAuthenticator, checkRouteOptions, type NodeRequest, type RouteOptions, readNodeRequest } from './node.ts';

/** The part of a Fastify request that the adapter uses. */
export interface FastifyRequestPart {
  readonly raw: NodeRequest;
  /** The raw request-target, before the option `rewriteUrl`. */
  readonly originalUrl: string;
  /** The caller's address, according to the Fastify option `trustProxy`. */
  readonly ip: string;
  readonly routeOptions: { readonly url?: string | undefined; readonly config?: unknown };
}

/** The part of a Fastify reply that the adapter uses. */
export interface FastifyReplyPart {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: Uint8Array): unknown;
}

/** The part of a Fastify instance that the adapter uses. */
export interface FastifyScope {
  addHook(name: 'onRequest', hook: FastifyHook): unknown;
  addHook(name: 'onRoute', hook: (route: FastifyRoutePart) => void): unknown;
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, value: null): unknown;
}

/** The part of a route's options that the adapter uses. */
export interface FastifyRoutePart {
  readonly url: string;
  readonly config?: unknown;
}

/** The options of {@link fastifyAuth}. */
export interface FastifyAuthOptions extends RouteOptions, BodyOptions {
  /** Also accepts requests without a credential; their `request.auth` is `null`. An invalid credential is still refused. */
  readonly optional?: boolean;
}

/**
 * The member `auth` of a route's `config`, for this route only: `false` turns authentication off. `optional` replaces the option of
 * {@link fastifyAuth}, and `require` adds to it.
 */
export type FastifyRouteAuth = false | FastifyAuthOptions;

/** A hook `onRequest`. */
export type FastifyHook = (request: FastifyRequestPart, reply: FastifyReplyPart) => Promise<unknown>;

/** The plugin that {@link fastifyAuth} makes. */
export interface FastifyAuth<User> extends IdentityOf<Pick<FastifyRequestPart, 'raw'>, User> {
  /**
   * Protects all routes of a scope: the instance it is registered in, and the scopes inside.
   *
   * @param scope - the Fastify instance, from `scope.register(auth)`
   * @param options - must be empty: pass the options to {@link fastifyAuth}
   */
  (scope: FastifyScope, options?: object): Promise<void>;
  /** Protects a single route: `app.get('/me', { onRequest: auth.onRequest }, handler)`. */
  readonly onRequest: FastifyHook;
}

/**
 * Makes a plugin that passes authenticated requests to the handlers and responds to all other requests itself, in the hook `onRequest`:
 * before the body is read. Handlers get the sender's identity, with the type of your users, from its method `identity`. If the plugin is
 * registered, the identity is also in `request.auth`.
 *
 * The plugin does not open a new scope. It protects the scope that registers it, including nested scopes, routes declared earlier, and the
 * response to unknown paths. A route changes this for itself with `config: { auth: false }`, `{ auth: { optional: true } }`
 * or `{ auth: { require: ['htm'] } }` ({@link FastifyRouteAuth}).
 *
 * A request is authenticated once, even if it passes through several plugins and hooks of the same authenticator. The later ones only check what
 * they require in addition.
 *
 * @param auth - authenticates the requests
 * @param options - {@link FastifyAuthOptions}
 * @returns a plugin for `app.register()`, with the hook `onRequest` for single routes, and `identity`
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { fastifyAuth } from 'asymmetric-jwt-auth/fastify';
 * import fastify from 'fastify';
 *
 * const keys = memoryKeyStore<{ email: string }>();
 * const auth = fastifyAuth(createAuthenticator({ keys, nonces: memoryNonceStore() }));
 * const app = fastify();
 * app.register(auth);
 * app.get('/api/me', (request) => ({ email: auth.identity(request).user.email }));
 * app.get('/health', { config: { auth: false } }, () => 'ok');
 *
 * const response = await app.inject('/api/me');
 * console.log(response.statusCode, response.headers['www-authenticate']); // 401 JWT realm="api"
 * ```
 */
export function fastifyAuth<User>(auth: Authenticator<User>, options: FastifyAuthOptions = {}): FastifyAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, KINDS);

  const identities = new Identities<User>(MOUNT);
  const modes = new WeakMap<object, FastifyAuthOptions>();

  /** Returns what a route wants, or `undefined` if it is open. @throws TypeError for a wrong `config.auth`; its route stays closed */
  function modeOf(config: unknown, url: string | undefined): FastifyAuthOptions | undefined {
    const own = (config as { auth?: FastifyRouteAuth } | null | undefined)?.auth;
    if (own === undefined) return options;
    if (own === false) return undefined;
    const known = modes.get(own);
    if (known !== undefined) return known;
    try {
      checkRouteOptions(own, KINDS);
      readBodyOptions({ ...own, body: own.body ?? options.body ?? 'buffer' });
    } catch (cause) {
      const says = 'config.auth must be false, or an object that may have require, optional, body, maxBodyBytes';
      throw new TypeError(`route ${url}: ${says}: ${(cause as Error).message}`, { cause });
    }
    const require = [...(options.require ?? []), ...(own.require ?? [])];
    const mode = {
      require,
      optional: own.optional ?? options.optional ?? false,
      body: own.body ?? options.body ?? 'buffer',
      maxBodyBytes: own.maxBodyBytes ?? options.maxBodyBytes,
    };
    modes.set(own, mode);
    return mode;
  }

  const onRequest: FastifyHook = async (request, reply) => {
    const { config, url } = request.routeOptions;
    const mode = modeOf(config, url);
    if (mode === undefined) return undefined;
    const seen = readNodeRequest(request.raw, request.originalUrl, mode.require, mode);
    const result = await decide(auth, { ...seen, address: request.ip });
    if (!result.ok && !(mode.optional === true && result.reason === 'missing')) {
      reply.code(result.status);
      reply.headers({ ...result.headers });
      // To a string, Fastify would add a charset, and a schema of the route would serialize it again.
      reply.send(UTF_8.encode(result.body));
      return reply;
    }
    const identity = identities.remember(request, result) ?? null;
    if ('auth' in request) Object.assign(request, { auth: identity });
    return undefined;
  };

  async function plugin(scope: FastifyScope, given: object = {}): Promise<void> {
    if (typeof scope.addHook !== 'function') throw new TypeError(REGISTER);
    const [unknown] = Object.keys(given);
    if (unknown !== undefined) {
      throw new TypeError(
        `register(auth, { ${unknown} }): the plugin takes no options here; pass require and optional to fastifyAuth(), and a prefix to the scope around it`,
      );
    }
    // A second plugin, in this scope or an outer one, may have declared it.
    if (!scope.hasRequestDecorator('auth')) scope.decorateRequest('auth', null);
    // Reports a wrong config.auth when the route is declared. Routes declared before the plugin is loaded report it on a request.
    scope.addHook('onRoute', ({ config, url }) => void modeOf(config, url));
    scope.addHook('onRequest', onRequest);
  }

  return Object.assign(plugin, PLUGIN, {
    onRequest,
    identity: (request: object) => identities.get(request),
    identityOrUndefined: (request: object) => identities.find(request),
  });
}

const UTF_8 = new TextEncoder();

const KINDS: OptionKinds<FastifyAuthOptions> = { require: 'array', optional: 'boolean', ...BODY_KINDS };

/** What the package `fastify-plugin` does: no new scope, and an error when registered in another version. */
const PLUGIN = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'asymmetric-jwt-auth',
  [Symbol.for('plugin-meta')]: { name: 'asymmetric-jwt-auth', fastify: '5.x' },
};

const MOUNT =
  'call app.register(auth) in the scope of this route, or give the route the option { onRequest: auth.onRequest }, and do not set its config.auth to false';
const REGISTER =
  'this is a plugin, not a hook: call app.register(auth), or give a single route the option { onRequest: auth.onRequest }';
