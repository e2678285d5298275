/**
 * Authenticates requests in NestJS 12 and 11, on Express and on Fastify: use the guard from {@link nestAuth} for the whole application, or
 * for controllers and methods, and change routes with {@link Public} and {@link RouteAuth}.
 */
import type { OptionKinds } from '../core/options.ts';
import type { Authenticator, Identity } from '../server/authenticate.ts';
import type { RefusedResult } from '../server/refusal-response.ts';
import { BODY_KINDS, type BodyOptions } from './body-options.ts';
import { decide } from './decide.ts';
import { Identities, type IdentityOf } from './identities.ts';
import {
  checkAuthenticator,
  checkRouteOptions,
  type NodeRequest,
  type NodeResponse,
  type RouteOptions,
  readNodeRequest,
  writeRefusal,
} from './node.ts';

/** The part of Nest's `ExecutionContext` that the adapter uses. */
export interface NestContext {
  getType(): string;
  getHandler(): object;
  getClass(): object;
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown };
}

/** The options of {@link nestAuth}. */
export interface NestAuthOptions extends RouteOptions, BodyOptions {
  /** Also accepts requests without a credential; they have no identity. An invalid credential is still refused. */
  readonly optional?: boolean;
}

/** The guard that {@link nestAuth} makes. It is an object: pass it to `useValue`, `@UseGuards()` or `app.useGlobalGuards()`. */
export interface NestAuth<User> extends IdentityOf<object, User> {
  /**
   * Authenticates a request. Nest calls it.
   *
   * @param context - Nest's execution context of an HTTP request
   * @returns a promise of `true` if the request may pass. For a refused request it stays pending, after the response was sent
   */
  canActivate(context: NestContext): Promise<boolean>;
  /**
   * Makes a parameter decorator: `const Caller = createParamDecorator(auth.param)`, then `me(@Caller() caller: Identity<User>)`.
   *
   * @param data - is ignored
   * @param context - Nest's execution context
   * @returns the identity; `undefined` if the route is optional and the request has no credential
   */
  param(data: unknown, context: Pick<NestContext, 'switchToHttp'>): Identity<User> | undefined;
}

/** The part of an Express or Fastify request that the adapter uses. */
interface PlatformRequest extends NodeRequest {
  /** The request of `node:http`, in Fastify. */
  readonly raw?: NodeRequest;
  readonly originalUrl: string;
  readonly ip?: string;
}

/** The part of a Fastify reply that the adapter uses. */
interface Reply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: Uint8Array): unknown;
}

/**
 * Makes a guard that lets authenticated requests pass and responds to all other requests itself. Exception filters do not see refusals, because
 * they would remove the challenge. Handlers get the sender's identity, with the type of your users, from `identity(request)` or from a
 * parameter decorator (see {@link NestAuth.param}).
 *
 * A request is authenticated once, even if several guards of the same authenticator look at it. The later ones only check what they require
 * in addition.
 *
 * @param auth - authenticates the requests
 * @param options - {@link NestAuthOptions}
 * @returns a guard for HTTP requests. It throws for other contexts, such as GraphQL, which stay closed
 * @throws TypeError for an unknown option, a value of the wrong type, or a member of `require` that this adapter cannot check
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { APP_GUARD } from '@nestjs/core';
 * import { createAuthenticator, memoryKeyStore, memoryNonceStore } from 'asymmetric-jwt-auth';
 * import { nestAuth } from 'asymmetric-jwt-auth/nest';
 *
 * const auth = nestAuth(createAuthenticator({ keys: memoryKeyStore(), nonces: memoryNonceStore() }));
 *
 * class AppModule {}
 * Module({ providers: [{ provide: APP_GUARD, useValue: auth }] })(AppModule); // @Module() in your code
 * ```
 */
export function nestAuth<User>(auth: Authenticator<User>, options: NestAuthOptions = {}): NestAuth<User> {
  checkAuthenticator(auth);
  checkRouteOptions(options, KINDS);
  const identities = new Identities<User>(MOUNT);

  return {
    async canActivate(context) {
      const type = context.getType();
      if (type !== 'http') throw new Error(`nestAuth only authenticates HTTP requests, not ${type}; ${OTHERS}`);
      const [ofMethod, ofClass] = [readMark(context.getHandler()), readMark(context.getClass())];
      if ((ofMethod ?? ofClass) === false) return true;
      const all = [options, ofClass || {}, ofMethod || {}];
      const optional = all.findLast((one) => one.optional !== undefined)?.optional === true;
      const require = all.flatMap((one) => one.require ?? []);

      const http = context.switchToHttp();
      const request = http.getRequest() as PlatformRequest;
      const seen = readNodeRequest(keyOf(request), request.originalUrl, require, bodyOf(all));
      const result = await decide(auth, { ...seen, address: request.ip });
      if (!result.ok && !(optional && result.reason === 'missing')) {
        if (keyOf(request) === request) writeRefusal(http.getResponse() as NodeResponse, result);
        else sendRefusal(http.getResponse() as Reply, result);
        // With `false` or an error, Nest would let exception filters write a second response.
        return new Promise(() => {});
      }
      identities.remember(keyOf(request), result);
      return true;
    },
    param: (_data, context) => identities.find(keyOf(context.switchToHttp().getRequest() as object)),
    identity: (request) => identities.get(keyOf(request)),
    identityOrUndefined: (request) => identities.find(keyOf(request)),
  };
}

/**
 * Opens a method or a controller that a guard from {@link nestAuth} protects: the guard does not look at its requests. A mark on a method
 * replaces the one on its controller.
 *
 * @returns a decorator for methods and classes
 *
 * @example
 * ```ts
 * import { Public } from 'asymmetric-jwt-auth/nest';
 * import 'reflect-metadata'; // Nest imports it
 *
 * class HealthController {}
 * Public()(HealthController); // @Public() in your code
 * ```
 */
export function Public(): ClassDecorator & MethodDecorator {
  return mark(false);
}

/**
 * Changes the authentication of a method or a controller. `optional` replaces the option of the guard, and `require` adds to it. A mark on a
 * method adds to the one on its controller.
 *
 * @param options - {@link NestAuthOptions}
 * @returns a decorator for methods and classes
 * @throws TypeError as {@link nestAuth} does
 *
 * @example
 * ```ts
 * import { RouteAuth } from 'asymmetric-jwt-auth/nest';
 * import 'reflect-metadata'; // Nest imports it
 *
 * class OrdersController {}
 * RouteAuth({ require: ['htm', 'target'] })(OrdersController); // @RouteAuth({ … }) in your code
 * ```
 */
export function RouteAuth(options: NestAuthOptions): ClassDecorator & MethodDecorator {
  checkRouteOptions(options, KINDS);
  return mark({ ...options });
}

/** Returns the options about bodies. Those of a method come before those of its controller, and those before the guard's. */
function bodyOf(all: readonly BodyOptions[]): BodyOptions {
  return Object.assign(
    {},
    ...all.map(({ body, maxBodyBytes }) => ({
      ...(body && { body }),
      ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    })),
  );
}

type Mark = false | NestAuthOptions;

/** The part of `reflect-metadata` that the adapter uses. Tools that wrap methods of Nest copy the metadata to their wrappers. */
interface Metadata {
  defineMetadata?(key: string, value: unknown, target: object): void;
  getMetadata?(key: string, target: object): unknown;
  hasOwnMetadata(key: string, target: object): boolean;
}
const metadata = Reflect as unknown as Metadata;
const KEY = 'asymmetric-jwt-auth';

function mark(value: Mark): ClassDecorator & MethodDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor) => {
    const marked: unknown = name === undefined ? target : descriptor?.value;
    if (typeof marked !== 'function')
      throw new TypeError('Public and RouteAuth only decorate classes and their methods');
    if (metadata.defineMetadata === undefined)
      throw new TypeError(`import 'reflect-metadata' before decorators are used`);
    if (metadata.hasOwnMetadata(KEY, marked)) {
      throw new TypeError(`${String(name ?? marked.name)}: use Public or RouteAuth only once per class or method`);
    }
    metadata.defineMetadata(KEY, value, marked);
  };
}

const readMark = (target: object) => metadata.getMetadata?.(KEY, target) as Mark | undefined;

/** Returns the request of `node:http`. An application on Express may have set a `raw` of another kind. */
function keyOf(request: object): NodeRequest {
  const { raw } = request as PlatformRequest;
  return raw?.rawHeaders === undefined ? (request as NodeRequest) : raw;
}

function sendRefusal(reply: Reply, { status, headers, body }: RefusedResult): void {
  reply.code(status);
  reply.headers({ ...headers });
  // To a string, Fastify would add a charset.
  reply.send(UTF_8.encode(body));
}

const UTF_8 = new TextEncoder();
const KINDS: OptionKinds<NestAuthOptions> = { require: 'array', optional: 'boolean', ...BODY_KINDS };
const MOUNT =
  'protect its handler with @UseGuards(auth) or with { provide: APP_GUARD, useValue: auth }, and not with @Public()';
const OTHERS = 'authenticate its HTTP request in a middleware, with expressAuth() or fastifyAuth()';
