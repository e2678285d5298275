/**
 * Signs requests made with axios, on Node: `axios.create({ adapter: signedAxios(axios, { username, key }) })`. The adapter runs after the
 * interceptors and signs each attempt, so that retries are signed too. It follows redirects itself: axios does not.
 */
import { checkArgument } from '../core/arguments.ts';
import { absoluteUrl, bareUrl } from './bare-url.ts';
import { exchange } from './exchange.ts';
import { hideSentHeaders } from './hide-sent.ts';
import { BODY_HEADERS, type Hop } from './redirect.ts';
import { type ResponseHead, responseHead } from './response-head.ts';
import { attemptSigner, type SigningOptions } from './signing.ts';

/** The part of `AxiosHeaders` that is used. */
interface AxiosHeadersLike {
  concat(...more: Record<string, string>[]): AxiosHeadersLike;
  delete(names: string[]): boolean;
}

/** The part of an axios configuration that is used. */
interface AxiosConfig {
  // biome-ignore lint/suspicious/noExplicitAny: axios has its own types for values that are only passed on
  [name: string]: any;
}

/** The part of an axios response that is used. */
interface AxiosResponse {
  config: AxiosConfig;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}

/** The part of the axios module that is used. */
interface AxiosLike {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  getAdapter(name: 'http'): (config: any) => Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  getUri(config: any): string;
}

/** The type of axios's option `adapter`. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type SigningAdapter = (config: any) => Promise<any>;

/**
 * Makes an axios adapter that signs each request.
 *
 * It follows up to 20 redirects within the origin, or none with `maxRedirects: 0`. The token replaces the option `auth` and credentials in
 * the URL.
 *
 * @param axios - the default export of `axios`
 * @param options - {@link SigningOptions}
 * @returns an adapter that signs requests and sends them with axios's own adapter for Node
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { signedAxios } from 'asymmetric-jwt-auth/axios';
 * import { PrivateKey } from 'asymmetric-jwt-auth/client';
 * import axios from 'axios';
 *
 * const server = createServer((request, response) => response.end(request.headers.authorization));
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 *
 * const key = await PrivateKey.generate();
 * const api = axios.create({ adapter: signedAxios(axios, { username: 'guido', key }) });
 * const { data } = await api.get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/me`);
 * console.log(data); // JWT eyJ…
 * server.close();
 * ```
 */
export function signedAxios(axios: AxiosLike, options: SigningOptions): SigningAdapter {
  checkArgument(typeof axios?.getAdapter === 'function', 'axios', 'axios itself, as its package exports it', axios);
  const sign = attemptSigner(options);
  const underneath = axios.getAdapter('http');

  return async (given: AxiosConfig) => {
    const url = bareUrl(absoluteUrl(axios.getUri(given)));
    url.username = url.password = '';
    const method = String(given.method ?? 'get').toUpperCase();

    const { end } = await exchange<Settled>(
      sign,
      { url, method, body: given.data },
      {
        send: (hop, authorization) => settle(underneath(configOf(given, hop, authorization)), given),
        discard: ({ data }) => drain(data),
        follows: given.maxRedirects !== 0,
        signal: given.signal,
      },
    );
    return end();
  };
}

/**
 * Makes the configuration of one attempt. Its URL is complete, axios follows no redirect with this token, and no other option sets the
 * `Authorization` header.
 */
function configOf(given: AxiosConfig, { url, method, body, dropsBody }: Hop, authorization: string): AxiosConfig {
  const headers = (given.headers as AxiosHeadersLike).concat({ Authorization: authorization });
  if (dropsBody) headers.delete([...BODY_HEADERS]);
  return {
    ...given,
    ...{ baseURL: undefined, params: undefined, maxRedirects: 0, auth: undefined },
    ...{ url: url.href, method: method.toLowerCase(), data: body, headers },
  };
}

/** A response. `end` returns it, or throws, because axios reports some responses as errors. */
interface Settled extends ResponseHead {
  readonly data: unknown;
  end(): AxiosResponse;
}

/**
 * @param given - the caller's configuration, which has no token. It replaces the attempt's configuration in the result, so that a retry
 *   starts from it
 */
async function settle(sending: Promise<AxiosResponse>, given: AxiosConfig): Promise<Settled> {
  try {
    const response = await sending;
    response.config = given;
    hideRequest(response);
    return settled(response, () => response);
  } catch (error) {
    const failed = error as { config?: AxiosConfig; response?: AxiosResponse };
    failed.config = given;
    hideRequest(failed);
    const { response } = failed;
    if (response === undefined) throw error;
    response.config = given;
    hideRequest(response);
    return settled(response, () => {
      throw error;
    });
  }
}

function settled({ status, headers, data }: AxiosResponse, end: () => AxiosResponse): Settled {
  return { ...responseHead(status, headers), data, end };
}

/** Keeps the request, which contains the token, out of printed results. Programs can still read it. */
function hideRequest(result: object): void {
  if (!('request' in result)) return;
  Object.defineProperty(result, 'request', { enumerable: false });
  // A streamed body refers to the request too.
  hideSentHeaders(result.request);
}

/** Reads a stream to its end, because an unread stream keeps its connection busy. */
function drain(data: unknown): void {
  (data as { resume?: () => void } | undefined | null)?.resume?.();
}
