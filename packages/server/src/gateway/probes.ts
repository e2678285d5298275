/** Remembers how the requests of `ajwtd doctor` arrive. Such a request is decided like any other, and always refused. */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config.ts';
import type { Exchange } from './exchange.ts';
import type { Described } from './forwarded-request.ts';

/** Path of the admin listener: POST makes a probe, and GET with its id returns the requests that were seen. */
export const PROBES_PATH = '/doctor/probes';
/** What a token begins with, instead of the JSON of a JOSE header. The id follows. */
export const PROBE_PREFIX = 'ajwtd-probe.';

/** How a request arrived. */
export interface SeenRequest {
  readonly method: string | undefined;
  /** Target of the request to this server; at forward-auth, this is not the caller's. */
  readonly target: string | undefined;
  /** Method and target for which a token can be bound. */
  readonly described: Described;
  /** Address that opened the connection. */
  readonly peer: string | undefined;
  readonly isTrusted: boolean;
  /** Address of the client. */
  readonly client: string | undefined;
  /** Names in lower case. The values of headers that may contain secrets are `null`. */
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

/** The probes of all processes of a server. */
export interface ProbeSource {
  /** Recognizes a probe from now on. */
  add(id: string): unknown;
  /** Returns the requests with a probe. */
  find(id: string): readonly SeenRequest[] | Promise<readonly SeenRequest[]>;
}

/** Milliseconds for which a probe is recognized and remembered. */
const LIFETIME = 30_000;
/** Maximum numbers of probes, of requests for each, and of headers for each request. */
const MOST_PROBES = 16;
const MOST_REQUESTS = 8;
const MOST_HEADERS = 100;
/** Maximum length of a header's value. */
const MOST_CHARACTERS = 500;

const ID = /^\S+ +ajwtd-probe\.([\w-]{22})$/;
/** Headers whose values are shown: they describe a request, or the way that it took. */
const SHOWN =
  /^(?:host|connection|via|forwarded|x-forwarded-(?:for|host|method|port|prefix|proto|server|uri)|x-original-(?:method|ur[il])|x-real-ip|x-request-id)$/;

interface Probe {
  readonly until: number;
  readonly seen: SeenRequest[];
}

/** The probes of a process, and the requests that it has seen. */
export class Probes implements ProbeSource {
  readonly #probes = new Map<string, Probe>();
  readonly #now: () => number;

  /** @param now - returns milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Recognizes a probe from now on, for 30 s.
   *
   * @param id - 22 characters of base64url, which nobody can guess
   */
  add(id: string): void {
    this.#forget();
    // The oldest one is removed, so that a program that makes many probes cannot prevent new ones.
    if (this.#probes.size >= MOST_PROBES) this.#probes.delete(this.#probes.keys().next().value as string);
    this.#probes.set(id, { until: this.#now() + LIFETIME, seen: [] });
  }

  /** Notes a request if its token is a probe. */
  see(
    request: IncomingMessage,
    { described, client }: Pick<Exchange, 'described' | 'client'>,
    isTrustedProxy: Config['isTrustedProxy'],
  ): void {
    if (this.#probes.size === 0) return;
    this.#forget();
    const id = ID.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const seen = this.#probes.get(id)?.seen;
    if (seen === undefined || seen.length >= MOST_REQUESTS) return;
    const peer = request.socket.remoteAddress;
    seen.push({
      method: request.method,
      target: request.url,
      described,
      peer: peer?.replace(/^::ffff:/, ''),
      isTrusted: isTrustedProxy(peer),
      client: client?.address,
      headers: shownHeaders(request.rawHeaders),
    });
  }

  /** Returns the requests with a probe; none if it is unknown or too old. */
  find(id: string): readonly SeenRequest[] {
    this.#forget();
    return this.#probes.get(id)?.seen ?? [];
  }

  #forget(): void {
    const now = this.#now();
    for (const [id, { until }] of this.#probes) if (until <= now) this.#probes.delete(id);
  }
}

function shownHeaders(rawHeaders: readonly string[]): SeenRequest['headers'] {
  const headers: (readonly [string, string | null])[] = [];
  for (let at = 0; at < rawHeaders.length && headers.length < MOST_HEADERS; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase().slice(0, MOST_CHARACTERS);
    headers.push([name, SHOWN.test(name) ? (rawHeaders[at + 1] as string).slice(0, MOST_CHARACTERS) : null]);
  }
  return headers;
}
