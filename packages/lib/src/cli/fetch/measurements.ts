/** Measures a command: times, sizes and addresses, for `-w`. */

/** Everything measured. Times are milliseconds on the clock of `performance.now()`; `undefined` means not reached. */
export interface Measurements {
  readonly began: number;
  /** Start time of the last hop. */
  hopBegan: number;
  resolved: number | undefined;
  connected: number | undefined;
  secured: number | undefined;
  sending: number | undefined;
  answered: number | undefined;
  ended: number | undefined;
  redirects: number;
  connections: number;
  /** Bytes. */
  requestSize: number;
  headSize: number;
  uploaded: number;
  downloaded: number;
  /** Status of the proxy's response to CONNECT. */
  proxyStatus: number;
  remote: { readonly address: string; readonly port: number } | undefined;
  local: { readonly address: string; readonly port: number } | undefined;
}

/** Starts measuring. */
export function startMeasuring(): Measurements {
  const began = performance.now();
  return {
    began,
    hopBegan: began,
    resolved: undefined,
    connected: undefined,
    secured: undefined,
    sending: undefined,
    answered: undefined,
    ended: undefined,
    redirects: 0,
    connections: 0,
    requestSize: 0,
    headSize: 0,
    uploaded: 0,
    downloaded: 0,
    proxyStatus: 0,
    remote: undefined,
    local: undefined,
  };
}

/** Starts a hop: clears the times of the previous one. */
export function startHop(measured: Measurements): void {
  measured.hopBegan = performance.now();
  measured.resolved = undefined;
  measured.connected = undefined;
  measured.secured = undefined;
  measured.sending = undefined;
  measured.answered = undefined;
}
