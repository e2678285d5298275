/** One HTTPS exchange for a JWK set, with a limit on everything that the other side decides. */
import { lookup as systemLookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { isIP } from 'node:net';
import { JwksError, type JwksProblemCode } from './jwks-error.ts';
import { hostOf } from './private-hosts.ts';
import { isPublicAddress } from './public-address.ts';

/** Most bytes of a set. */
const MAX_BYTES = 262_144;
/** What servers call JSON; file stores name no type in several ways. */
const JSON_TYPES =
  /^(?:application\/(?:[\w.-]+\+)?json|(?:application|binary)\/octet-stream|text\/plain|text\/json)\s*(?:;|$)/i;

/** How sets are fetched. */
export interface FetchSettings {
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
  /** Hosts whose addresses are not checked, in lower case. */
  readonly privateHosts: ReadonlySet<string>;
  /** Certificates of authorities, in PEM; `undefined` = those that Node trusts. */
  readonly ca: string | undefined;
  /** Finds the addresses of a host. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
}

/** What tells one version of a set from another. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** What the server answered. */
export interface FetchedSet extends Validators {
  /** `undefined`: not modified. */
  readonly body: Buffer | undefined;
  readonly cacheControl: string;
  /** Seconds that the answer had spent in caches on its way (RFC 9111 §5.1). */
  readonly age: number;
}

/** The addresses of a host, by the system's resolver. */
export async function systemAddresses(host: string): Promise<readonly string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Fetches a set. The addresses that were checked are those that are connected to: a name that leads elsewhere a moment later leads
 * nowhere.
 *
 * @throws JwksError
 */
export async function fetchSet(url: URL, known: Validators, settings: FetchSettings): Promise<FetchedSet> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), settings.timeout);
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
    // Whatever is still open is not waited for.
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
  const answer = await send(url, addresses, known, settings.ca, signal);
  const { statusCode = 0, headers } = answer;
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
  for await (const chunk of answer as AsyncIterable<Buffer>) {
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
  // One bad address among good ones is a trick, or a mistake; neither is gone along with.
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
    // Of its own: no connection, proxy or setting of the program's is used.
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
    // Also after the answer has begun: an error that nobody hears would end the process.
    sent.on('error', reject);
    sent.end();
  });
}
