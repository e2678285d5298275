/** Defines the settings and the observers of a connection. */
import type { Deadlines } from '../limits.ts';
import type { Measurements } from '../measurements.ts';
import type { Trace } from '../verbose.ts';
import type { HttpProxy } from './proxy.ts';
import type { Pinned } from './resolve.ts';
import type { TlsSettings } from './tls.ts';

/** How to connect. */
export interface ConnectionSettings {
  readonly family: 4 | 6 | undefined;
  /** Addresses given with `--resolve`. */
  readonly pinned: readonly Pinned[];
  readonly unixSocket: string | undefined;
  /** Returns the proxy for a URL. */
  readonly proxyFor: (url: URL) => HttpProxy | undefined;
  readonly tls: TlsSettings;
}

/** The objects that record, time or print an attempt. */
export interface Observers {
  readonly trace: Trace | undefined;
  readonly measured: Measurements;
  readonly deadlines: Deadlines;
}
