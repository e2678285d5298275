/** Fetches a JWK set over HTTPS, and limits everything that the server controls. */
import { lookup as systemLookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { isIP } from 'node:net';
import { JwksError, type JwksProblemCode } from './jwks-error.ts';
import { hostOf } from './private-hosts.ts';
import { isPublicAddress } from './public-address.ts';

/** Maximum size of a response, in bytes. */
const MAX_BYTES = 262_144;
/** Accepted content types. Some are not JSON types, but object stores such as S3 send them for a file without a type. */
const JSON_TYPES =
  /^(?:application\/(?:[\w.-]+\+)?json|(?:application|binary)\/octet-stream|text\/plain|text\/json)\s*(?:;|$)/i;

/** Settings for fetching sets. */
export interface FetchSettings {
  /** Time limit of the whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** Hosts that may have private addresses, in lower case. */
  readonly privateHosts: ReadonlySet<string>;
  /** CA certificates in PEM; `undefined` for the CAs that Node trusts. */
  readonly ca: string | undefined;
  /** Resolves a host to its addresses. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
}

/** Headers that identify the version of a set. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** The server's response. */
export interface FetchedSet extends Validators {
  /** The body; `undefined` if the set has not changed. */
  readonly body: Buffer | undefined;
  readonly cacheControl: string;
  /** Number of seconds that the response has spent in caches (RFC 9111 §5.1). */
  readonly age: number;
}

/** Resolves a host with the system's resolver. */
export async function systemAddresses(host: string): Promise<readonly string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Fetches a set. It connects only to addresses that it has checked, so it is safe even if the name resolves differently a moment later.
 *
 * @throws JwksError
 */
export async function fetchSet(url: URL, known: Validators, settings: FetchSettings): Promise<FetchedSet> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), settings.timeoutMs);
  const late = new Promise<never>((_, reject) => {
    deadline.signal.addEventListener('abort', () => reject(new JwksError('timeout', url.href)));
  });
  try {
    return await Promise.race([exchange(url, known, settings, deadline.signal), late]);
  } catch (error) {
    if (error instanceof JwksError) throw error;
    throw new JwksError('unreachable', url.href, { detail: (error as { readonly code?: string }).code });
  } finally {
    clearTimeout(timer);
    // Closes a connection that is still open.
    deadline.abort();
  }
}

async function exchange(
  url: URL,
  known: Validators,
  settings: FetchSettings,
  signal: AbortSignal,
): Promise<FetchedSet> {
  const fail = (code: JwksProblemCode, detail?: string) => new JwksError(code, url.href, { detail });
  const addresses = await permittedAddresses(url, settings);
  const response = await send(url, addresses, known, settings.ca, signal);
  const { statusCode = 0, headers } = response;
  const facts = {
    etag: headers.etag,
    lastModified: headers['last-modified'],
    cacheControl: headers['cache-control'] ?? '',
    age: Number(headers.age ?? 0) || 0,
  };
  if (statusCode === 304 && (known.etag ?? known.lastModified) !== undefined) return { ...facts, body: undefined };
  if (statusCode >= 300 && statusCode < 400) throw fail('redirected');
  if (statusCode !== 200) throw fail('bad_status', String(statusCode));
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw fail('encoded');
  const type = headers['content-type'];
  if (type !== undefined && !JSON_TYPES.test(type)) throw fail('bad_type');

  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) throw fail('too_large');
    chunks.push(chunk);
  }
  return { ...facts, body: Buffer.concat(chunks) };
}

async function permittedAddresses(url: URL, { privateHosts, lookup }: FetchSettings): Promise<readonly string[]> {
  const host = hostOf(url);
  const addresses = isIP(host) === 0 ? await lookup(host) : [host];
  if (addresses.length === 0) throw new JwksError('unreachable', url.href, { detail: 'ENOTFOUND' });
  // A private address among public addresses is an attack or a mistake.
  if (!privateHosts.has(host) && !addresses.every(isPublicAddress)) throw new JwksError('forbidden_address', url.href);
  return addresses;
}

function send(
  url: URL,
  addresses: readonly string[],
  known: Validators,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  const options: RequestOptions = {
    // A new agent does not use the connections, proxies and settings of the program.
    agent: new Agent({ keepAlive: false, maxCachedSessions: 0 }),
    rejectUnauthorized: true,
    lookup: (_host, { all }, done) => {
      if (all) done(null, found);
      else done(null, found[0]?.address as string, found[0]?.family);
    },
    headers: {
      accept: 'application/jwk-set+json, application/json',
      'accept-encoding': 'identity',
      'user-agent': 'asymmetric-jwt-auth',
      ...(known.etag === undefined ? {} : { 'if-none-match': known.etag }),
      ...(known.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
    },
    signal,
    ...(ca === undefined ? {} : { ca }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, options, resolve);
    // This listener stays after the response has begun, because an error without a listener would end the process.
    sent.on('error', reject);
    sent.end();
  });
}
