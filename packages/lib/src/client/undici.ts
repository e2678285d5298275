/** For undici: an interceptor that signs each attempt. Compose it first, so that retries and redirects come through it again. */

import { checkArgument } from '../core/arguments.ts';
import { andThen, isPromise } from '../core/maybe-promise.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import { bareTarget } from '../core/target.ts';
import type { Verdict } from './clock.ts';
import { pause } from './pause.ts';
import { sameOrigin } from './redirect.ts';
import { attemptSigner, SIGNING_OPTIONS, type SigningOptions } from './signing.ts';

/** What a signing interceptor is told. */
export interface SignedUndiciOptions extends SigningOptions {
  /** The one origin that is called, such as `https://api.example.com`: what goes elsewhere, after a redirect too, is an error. */
  readonly origin: string;
}

const OPTIONS: OptionKinds<SignedUndiciOptions> = { ...SIGNING_OPTIONS, origin: 'text' };

/** What is needed of undici's `DispatchOptions`. */
interface DispatchOptions {
  origin?: string | URL;
  path: string;
  method: string;
  body?: unknown;
  headers?: unknown;
  query?: Record<string, unknown> | null;
}

/** What is needed of its `DispatchController`. */
interface DispatchController {
  abort(reason: Error): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What is needed of its `DispatchHandler`. */
interface DispatchHandler {
  onRequestStart?(controller: never, context: unknown): void;
  onRequestUpgrade?(controller: never, statusCode: number, headers: never, socket: never): void;
  onResponseStart?(controller: never, statusCode: number, headers: never, statusMessage?: string): void;
  onResponseData?(controller: never, chunk: never): void;
  onResponseEnd?(controller: never, trailers: never): void;
  onResponseError?(controller: never, error: Error): void;
}

/** Fits undici's `DispatcherComposeInterceptor`. */
export type SigningInterceptor = <Options extends DispatchOptions, Handler extends DispatchHandler>(
  dispatch: (options: Options, handler: Handler) => boolean,
) => (options: Options, handler: Handler) => boolean;

/**
 * Makes an interceptor: `new Agent().compose(signed(options), interceptors.redirect(…), interceptors.retry(…))`.
 *
 * @param options - {@link SignedUndiciOptions}
 * @returns an interceptor; what it does not send ends with `SignedFetchError`, or with what the signer throws
 * @throws TypeError for an option that is unknown or out of its range
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
        const answered = (status: number, said: Headers) => {
          const verdict = judge({ status, header: (name) => textOf(said[name]) });
          return verdict instanceof Error || !(isLast || !isRepeatable(given.body)) ? verdict : undefined;
        };
        const next = { ...given, path, query: null, headers: [...headers, 'authorization', authorization] };
        return dispatch(
          next,
          watch(handler, answered, () => start(true)),
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

/** Hands everything on, but for a refusal that asks for another attempt. */
function watch<Handler extends DispatchHandler>(
  handler: Handler,
  answered: (status: number, headers: Headers) => Verdict,
  again: () => boolean | Promise<boolean>,
): Handler {
  let wait: number | undefined;
  const watching: DispatchHandler = {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart(controller, status, headers, message) {
      const verdict = answered(status, headers);
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

function isRepeatable(body: unknown): boolean {
  return body === null || body === undefined || typeof body === 'string' || ArrayBuffer.isView(body);
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(', ');
}

/** Undici adds the query below its interceptors, where it is too late to sign it. */
function queryOf(path: string, query: Record<string, unknown> | null | undefined): string {
  if (query === null || query === undefined) return '';
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one ?? '')]),
  );
  return pairs.length === 0 ? '' : `${path.includes('?') ? '&' : '?'}${new URLSearchParams(pairs)}`;
}

/** Undici takes an object, pairs, or names and values in turn; this gives the last. */
function withoutAuthorization(headers: unknown): unknown[] {
  if (headers === null || headers === undefined) return [];
  const iterable = Symbol.iterator in Object(headers);
  const list: unknown[] = iterable ? [...(headers as Iterable<unknown>)] : Object.entries(headers);
  const flat = Array.isArray(list[0]) ? list.flat(1) : list;
  return flat.filter((_, index) => !/^authorization$/i.test(String(flat[index - (index % 2)])));
}
