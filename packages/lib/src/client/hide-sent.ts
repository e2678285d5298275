/** Keeps sent tokens out of a program's output. Results and errors of HTTP libraries refer to Node's request, which contains the token. */

/**
 * Properties of a `ClientRequest` that contain its headers, and of a `TLSSocket` that contain the options of the request that opened it.
 */
const HEADERS = ['_header', 'kOutHeaders'];
const CONNECT_OPTIONS = ['connect-options'];

/**
 * Hides the headers of a sent request from `util.inspect`, wherever the request appears. Programs can still read them.
 *
 * @param request - a `ClientRequest`; any other value is ignored
 */
export function hideSentHeaders(request: unknown): void {
  hide(request, HEADERS);
  hide((request as { socket?: unknown } | null | undefined)?.socket, CONNECT_OPTIONS);
}

/** @param names - names of properties, or descriptions of symbols that Node does not export */
function hide(holder: unknown, names: readonly string[]): void {
  if (typeof holder !== 'object' || holder === null) return;
  for (const key of Reflect.ownKeys(holder)) {
    const name = typeof key === 'symbol' ? key.description : key;
    if (name !== undefined && names.includes(name)) Object.defineProperty(holder, key, { enumerable: false });
  }
}
