/** What is known about one request and its response: for the log, the metrics, and the request id in responses. */
import type { AuthenticationEvent, KeyRecord } from 'asymmetric-jwt-auth';
import type { Config } from '../config.ts';
import { type Client, clientOf, type Sent } from './client-address.ts';
import type { Described } from './forwarded-request.ts';
import { type Identified, requestId } from './request-id.ts';

/** One request, from its arrival to its response. All times are in milliseconds. */
export class Exchange {
  readonly id: string;
  readonly client: Client | undefined;
  /** The method and target that the caller sent, if known: a forward-auth request describes another request. */
  readonly described: Described;
  readonly startedAt = performance.now();
  /** The decision. `undefined` if none was made, for example because the server was overloaded. */
  event: AuthenticationEvent | undefined;
  /** The keys of the user, if it was found. */
  keys: readonly KeyRecord[] = [];
  /** Duration of the key store's lookup. */
  lookup = 0;
  /** Duration of the nonce store's claim. */
  claim = 0;
  /** Duration of everything else that the decision took, which is mostly the verification of the signature. */
  verify = 0;
  /** Time from forwarding the request until the application's response began or failed; `undefined` if it was not forwarded. */
  upstream: number | undefined;
  /** Trace of a forwarded request. */
  traceId: string | undefined;
  /** Members of `bind` that the accepted token lacks, although `--require-report` names them. */
  lacking: Config['requireReport'] = [];
  status = 0;
  /** Bytes of the response's body. */
  bytes = 0;
  /** Whether the connection was closed before the whole response was sent. */
  aborted = false;
  /** Duration of the whole exchange, until the response was passed to the operating system. */
  duration = 0;

  constructor(request: Sent & Identified, described: Described, isTrustedProxy: Config['isTrustedProxy']) {
    this.id = requestId(request);
    this.client = clientOf(request, isTrustedProxy);
    this.described = described;
  }

  /** The fingerprint of the key that the decision is about, if it is known and one of the user's keys. */
  get fingerprint(): string | undefined {
    if (this.event === undefined) return undefined;
    const { kid, verified } = this.event;
    if (kid !== undefined) {
      return this.keys.find(({ key, issuerKid }) => key.kid === kid || issuerKid === kid)?.key.fingerprint;
    }
    // The token named no key, but one of the usable keys has signed it.
    const [only, another] = verified ? this.keys.filter(({ state }) => state === 'active' || state === 'staged') : [];
    return another === undefined ? only?.key.fingerprint : undefined;
  }

  /** Notes that the response has ended. */
  finish(status: number, bytes: number): this {
    this.status = status;
    this.bytes = bytes;
    this.duration = performance.now() - this.startedAt;
    return this;
  }
}
