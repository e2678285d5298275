/** How to connect, and who observes it. */
import type { Deadlines } from '../limits.ts';
import type { Measurements } from '../measurements.ts';
import type { Trace } from '../verbose.ts';
import type { HttpProxy } from './proxy.ts';
import type { Pinned } from './resolve.ts';
import type { TlsSettings } from './tls.ts';

/** How to connect. */
export interface ConnectionSettings {
  readonly family: 4 | 6 | undefined;
  /** Addresses of `--resolve`. */
  readonly pinned: readonly Pinned[];
  readonly unixSocket: string | undefined;
  /** Returns the proxy for a URL. */
  readonly proxyFor: (url: URL) => HttpProxy | undefined;
  readonly tls: TlsSettings;
}

/** What an attempt observes. */
export interface Observers {
  readonly trace: Trace | undefined;
  readonly measured: Measurements;
  readonly deadlines: Deadlines;
}
