/** For axios on Node: an adapter that signs each attempt, below its interceptors. Redirects are followed here, and not by axios. */
import { checkArgument } from '../core/arguments.ts';
import { absoluteUrl, bareUrl } from './bare-url.ts';
import { hideSentHeaders } from './hide-sent.ts';
import { pause } from './pause.ts';
import { BODY_HEADERS, followRedirect, isRedirect } from './redirect.ts';
import { attemptSigner, type SigningOptions } from './signing.ts';

/** What is needed of `AxiosHeaders`. */
interface AxiosHeadersLike {
  concat(...more: Record<string, string>[]): AxiosHeadersLike;
  delete(names: string[]): boolean;
}

/** What is needed of an axios configuration. */
interface AxiosConfig {
  // biome-ignore lint/suspicious/noExplicitAny: axios has types of its own for what only passes through
  [name: string]: any;
}

/** What is needed of an axios response. */
interface AxiosAnswer {
  config: AxiosConfig;
  readonly status: number;
  readonly headers: unknown;
  readonly data: unknown;
}

/** What is needed of `axios` itself. */
interface AxiosLike {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  getAdapter(name: 'http'): (config: any) => Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  getUri(config: any): string;
}

/** Fits axios's option `adapter`. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type SigningAdapter = (config: any) => Promise<any>;

/**
 * Makes an adapter: `axios.create({ adapter: signedAxios(axios, { username, key }) })`. The option `maxRedirects: 0` is kept; otherwise
 * redirects within the origin are followed, up to 20. `auth` and credentials in the URL give way to the signature.
 *
 * @param axios - axios itself
 * @param options - {@link SigningOptions}
 * @returns an adapter over axios's own for Node
 * @throws TypeError for an option that is unknown or out of its range
 */
export function signedAxios(axios: AxiosLike, options: SigningOptions): SigningAdapter {
  checkArgument(typeof axios?.getAdapter === 'function', 'axios', 'axios itself, as its package exports it', axios);
  const sign = attemptSigner(options);
  const underneath = axios.getAdapter('http');

  return async (given: AxiosConfig) => {
    const url = bareUrl(absoluteUrl(axios.getUri(given)));
    url.username = url.password = '';
    let place = { url, method: String(given.method ?? 'get').toUpperCase() };
    let { data } = given;
    let headers = given.headers as AxiosHeadersLike;
    let hops = 0;
    let triedAgain = false;

    for (;;) {
      const attempt = await sign(place.url, place.method);
      const { answer, end } = await settled(
        underneath({
          ...given,
          ...ONE_HOP,
          url: place.url.href,
          method: place.method.toLowerCase(),
          data,
          headers: headers.concat({ Authorization: attempt.authorization }),
        }),
        given,
      );
      const said = answer.headers as Readonly<Record<string, string | undefined>>;
      const verdict = attempt.judge({ status: answer.status, header: (name) => said[name] });
      if (verdict instanceof Error) {
        drain(answer);
        throw verdict;
      }
      if (verdict !== undefined && !triedAgain && isRepeatable(data)) {
        drain(answer);
        await pause(verdict.wait, given.signal);
        triedAgain = true;
        continue;
      }
      const { location } = said;
      if (given.maxRedirects === 0 || !isRedirect(answer.status) || location === undefined) return end();
      drain(answer);
      const next = followRedirect(place, answer.status, location, hops++, isRepeatable(data));
      if (next.dropsBody) {
        data = undefined;
        headers = headers.concat();
        headers.delete([...BODY_HEADERS]);
      }
      place = next;
    }
  };
}

/** The URL is complete, nobody else follows a redirect with this token, and nobody else writes the header. */
const ONE_HOP = { baseURL: undefined, params: undefined, maxRedirects: 0, auth: undefined };

/**
 * An answer that axios takes for an error is one all the same.
 *
 * @param given - what the caller gave: whoever tries again finds that, and no token that was sent
 */
async function settled(
  sending: Promise<AxiosAnswer>,
  given: AxiosConfig,
): Promise<{ answer: AxiosAnswer; end: () => AxiosAnswer }> {
  try {
    const answer = await sending;
    answer.config = given;
    hideRequest(answer);
    return { answer, end: () => answer };
  } catch (error) {
    const failed = error as { config?: AxiosConfig; response?: AxiosAnswer };
    failed.config = given;
    hideRequest(failed);
    const { response } = failed;
    if (response === undefined) throw error;
    response.config = given;
    hideRequest(response);
    return {
      answer: response,
      end: () => {
        throw error;
      },
    };
  }
}

/** The request that was sent has the token in it. It stays within reach, but is not printed with the result. */
function hideRequest(result: object): void {
  if (!('request' in result)) return;
  Object.defineProperty(result, 'request', { enumerable: false });
  // A streamed body leads to it too.
  hideSentHeaders(result.request);
}

/** A stream that nobody reads would hold its connection. */
function drain({ data }: AxiosAnswer): void {
  (data as { resume?: () => void } | undefined | null)?.resume?.();
}

function isRepeatable(data: unknown): boolean {
  return (
    data === null ||
    data === undefined ||
    typeof data === 'string' ||
    data instanceof ArrayBuffer ||
    ArrayBuffer.isView(data)
  );
}
