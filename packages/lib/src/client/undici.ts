/**
 * Signs requests made with undici to one origin: `new Agent().compose(signedUndici({ username, key, origin }))`. Compose the interceptor
 * before those for retries and redirects, so that each attempt passes through it again.
 */
import { checkArgument } from '../core/arguments.ts';
import { andThen, isPromise } from '../core/maybe-promise.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import { bareTarget } from '../core/target.ts';
import type { Verdict } from './clock.ts';
import { pause } from './pause.ts';
import { sameOrigin } from './redirect.ts';
import { isRepeatable } from './repeatable.ts';
import { responseHead } from './response-head.ts';
import { attemptSigner, SIGNING_OPTIONS, type SigningOptions } from './signing.ts';

/** Options of {@link signedUndici}. */
export interface SignedUndiciOptions extends SigningOptions {
  /** The only origin that requests can go to, such as `https://api.example.com`. A request or a redirect to another origin fails. */
  readonly origin: string;
}

const OPTIONS: OptionKinds<SignedUndiciOptions> = { ...SIGNING_OPTIONS, origin: 'text' };

/** The part of undici's `DispatchOptions` that is used. */
interface DispatchOptions {
  origin?: string | URL;
  path: string;
  method: string;
  body?: unknown;
  headers?: unknown;
  query?: Record<string, unknown> | null;
}

/** The part of undici's `DispatchController` that is used. */
interface DispatchController {
  abort(reason: Error): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The part of undici's `DispatchHandler` that is used. */
interface DispatchHandler {
  onRequestStart?(controller: never, context: unknown): void;
  onRequestUpgrade?(controller: never, statusCode: number, headers: never, socket: never): void;
  onResponseStart?(controller: never, statusCode: number, headers: never, statusMessage?: string): void;
  onResponseData?(controller: never, chunk: never): void;
  onResponseEnd?(controller: never, trailers: never): void;
  onResponseError?(controller: never, error: Error): void;
}

/** A type that is compatible with undici's `DispatcherComposeInterceptor`. */
export type SigningInterceptor = <Options extends DispatchOptions, Handler extends DispatchHandler>(
  dispatch: (options: Options, handler: Handler) => boolean,
) => (options: Options, handler: Handler) => boolean;

/**
 * Makes an undici interceptor that signs each request. Compose it before `interceptors.redirect` and `interceptors.retry`.
 *
 * @param options - {@link SignedUndiciOptions}
 * @returns an interceptor; a request that it does not send fails with `SignedFetchError`, or with the error of the signer
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { PrivateKey } from 'asymmetric-jwt-auth/client';
 * import { signedUndici } from 'asymmetric-jwt-auth/undici';
 * import { Agent, interceptors, request } from 'undici';
 *
 * const server = createServer((incoming, response) => response.end(incoming.headers.authorization));
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 * const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
 *
 * const key = await PrivateKey.generate();
 * const dispatcher = new Agent().compose(signedUndici({ username: 'guido', key, origin }), interceptors.retry());
 * const { body } = await request(`${origin}/me`, { dispatcher });
 * console.log(await body.text()); // JWT eyJ…
 * await dispatcher.close();
 * server.close();
 * ```
 */
export function signedUndici(options: SignedUndiciOptions): SigningInterceptor {
  checkOptions(options, OPTIONS);
  const { origin, ...signing } = options;
  const is = URL.canParse(origin) && new URL(origin).origin === origin;
  checkArgument(is, 'option origin', 'an origin without a path, such as https://api.example.com', origin);
  const base = new URL(origin);
  const sign = attemptSigner(signing);

  return (dispatch) => (given, handler) => {
    sameOrigin(base, given.origin ?? origin);
    const bare = bareTarget(given.path);
    const path = bare + queryOf(bare, given.query);
    const headers = withoutAuthorization(given.headers);

    const start = (isLast: boolean): boolean | Promise<boolean> => {
      const signed = sign(base, given.method, path);
      const send = ({ authorization, judge }: Awaited<typeof signed>) => {
        const decide = (status: number, received: Headers) => {
          const verdict = judge(responseHead(status, received));
          return verdict instanceof Error || (!isLast && isRepeatable(given.body)) ? verdict : undefined;
        };
        const next = { ...given, path, query: null, headers: [...headers, 'authorization', authorization] };
        return dispatch(
          next,
          watch(handler, decide, () => start(true)),
        );
      };
      return andThen(signed, send);
    };

    const started = start(false);
    if (!isPromise(started)) return started;
    started.catch((error: Error) => handler.onResponseError?.(null as never, error));
    return true;
  };
}

/** Passes all events to the handler, except those of a refusal that leads to another attempt. */
function watch<Handler extends DispatchHandler>(
  handler: Handler,
  decide: (status: number, headers: Headers) => Verdict,
  again: () => boolean | Promise<boolean>,
): Handler {
  let wait: number | undefined;
  const watching: DispatchHandler = {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart(controller, status, headers, message) {
      const verdict = decide(status, headers);
      if (verdict instanceof Error) return (controller as DispatchController).abort(verdict);
      wait = verdict?.wait;
      if (wait === undefined) handler.onResponseStart?.(controller, status, headers, message);
    },
    onResponseData(controller, chunk) {
      if (wait === undefined) handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd(controller, trailers) {
      if (wait === undefined) return handler.onResponseEnd?.(controller, trailers);
      pause(wait)
        .then(again)
        .catch((error: Error) => handler.onResponseError?.(controller, error));
    },
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  };
  return watching as Handler;
}

/** Returns the query for the path. Undici itself adds it after its interceptors, too late to be signed. */
function queryOf(path: string, query: Record<string, unknown> | null | undefined): string {
  if (query === null || query === undefined) return '';
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one ?? '')]),
  );
  return pairs.length === 0 ? '' : `${path.includes('?') ? '&' : '?'}${new URLSearchParams(pairs)}`;
}

/** Removes `Authorization`. Undici accepts headers as an object, as pairs, or as alternating names and values; the result alternates. */
function withoutAuthorization(headers: unknown): unknown[] {
  if (headers === null || headers === undefined) return [];
  const iterable = Symbol.iterator in Object(headers);
  const list: unknown[] = iterable ? [...(headers as Iterable<unknown>)] : Object.entries(headers);
  const flat = Array.isArray(list[0]) ? list.flat(1) : list;
  return flat.filter((_, index) => !/^authorization$/i.test(String(flat[index - (index % 2)])));
}
