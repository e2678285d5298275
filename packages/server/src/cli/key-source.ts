/** Reads the public keys for `ajwtd key add`. */
import { CommandError, type Io, isKeyText, readStandardInput } from 'ajwt-cli-kit';
import { type KeyError, PublicKey } from 'asymmetric-jwt-auth';

/** Maximum bytes to read from standard input: one more than the longest key. */
const MAX_INPUT = 16_385;
/** Maximum length of a response in bytes. */
const MAX_RESPONSE = 65_536;
/** Maximum milliseconds to fetch a URL, including redirects. */
const TIMEOUT = 10_000;
const MAX_REDIRECTS = 3;

/** Sites that publish the keys of their users as OpenSSH lines. */
const PUBLISHERS: Readonly<Record<string, (name: string) => string>> = {
  github: (name) => `https://github.com/${name}.keys`,
  gitlab: (name) => `https://gitlab.com/${name}.keys`,
};

/**
 * Reads public keys.
 *
 * @param source - a file, `-` for standard input, or a URL
 * @param allowUrl - whether the source may be a URL
 * @throws CommandError if the source cannot be read
 * @throws KeyError if a file or standard input is not a valid public key
 */
export async function readPublicKeys(source: string, allowUrl: boolean, io: Io): Promise<readonly PublicKey[]> {
  if (isKeyText(source)) throw new CommandError('give a file name, or - for standard input, not the key itself');
  const url = urlOf(source);
  if (url === undefined) {
    const key = source === '-' ? PublicKey.from(await readStandardInput(io, MAX_INPUT)) : PublicKey.fromFile(source);
    return [await key];
  }
  if (!allowUrl) {
    throw new CommandError(
      'reading keys from a URL needs --allow-url; anyone who controls the URL decides which keys are added',
    );
  }
  return keysIn(await fetchText(url), url, io);
}

function urlOf(source: string): URL | undefined {
  const [, publisher = '', name = ''] = /^(\w+):([\w.-]+)$/.exec(source) ?? [];
  const published = Object.hasOwn(PUBLISHERS, publisher) ? PUBLISHERS[publisher]?.(name) : undefined;
  if (published !== undefined) return new URL(published);
  if (!/^\w+:\/\//.test(source)) return undefined;
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url;
  throw new CommandError('the URL must be https://HOST/PATH, github:NAME or gitlab:NAME');
}

/** Fetches a URL, and follows redirects to the same origin only. */
async function fetchText(first: URL): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT);
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'text/plain' } }).catch(
      (error: Error & { cause?: { code?: string; message?: string } }) => {
        throw new CommandError(
          `cannot fetch ${url.origin}: ${error.cause?.code ?? error.cause?.message ?? error.message}`,
        );
      },
    );
    if (response.status === 200) return readText(response, url);
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) {
      throw new CommandError(`${url.origin} responded with status ${response.status}`);
    }
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (next?.origin !== first.origin)
      throw new CommandError(`${url.origin} redirects to another host; give the final URL`);
    if (redirects === MAX_REDIRECTS) throw new CommandError(`${url.origin} redirects too many times`);
    url = next;
  }
}

async function readText(response: Response, url: URL): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > MAX_RESPONSE)
        throw new CommandError(`${url.origin} sent more than ${MAX_RESPONSE} bytes, too many for a list of keys`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${url.origin} closed the connection before the end of the response`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Parses a list of keys, and reports each line that is not a usable key. @throws CommandError if there is no usable key */
function keysIn(text: string, url: URL, io: Io): readonly PublicKey[] {
  const keys: PublicKey[] = [];
  const lines = text.split('\n').map((line) => line.trim());
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    try {
      keys.push(PublicKey.from(line));
    } catch (error) {
      io.note(`skipped line ${index + 1}: ${(error as KeyError).message}`);
    }
  }
  if (keys.length === 0) throw new CommandError(`no usable public keys in the response from ${url.origin}`);
  return keys;
}
