/** Formats the text of `-w`. */
import type { IncomingMessage } from 'node:http';
import type { Io } from 'ajwt-cli-kit/io';
import type { Attempt } from './attempt.ts';
import { readFileBody } from './body.ts';
import type { Measurements } from './measurements.ts';

/** What `-w` can print. */
export interface Finished extends Attempt {
  /** As given. */
  readonly address: string;
  readonly method: string;
}

type Value = string | number | null;

const seconds = (from: number, to: number | undefined) =>
  Number((to === undefined ? 0 : (to - from) / 1000).toFixed(6));

function speed(bytes: number, { began, ended }: Measurements): number {
  const taken = ((ended ?? began) - began) / 1000;
  return taken > 0 ? Math.floor(bytes / taken) : 0;
}

/** Variables, by name. For `null`, nothing is printed; times have six decimals, other numbers are unchanged. */
const VARIABLES: Readonly<Record<string, (run: Finished) => Value>> = {
  content_type: ({ response }) => response?.headers['content-type'] ?? null,
  errormsg: ({ exitCode, complaint }) => (exitCode === 0 ? null : (complaint ?? null)),
  exitcode: ({ exitCode }) => exitCode,
  filename_effective: ({ path }) => path?.replace(/^\.\//, '') ?? null,
  http_code: ({ response }) => response?.statusCode ?? 0,
  http_connect: ({ measured }) => measured.proxyStatus,
  http_version: ({ response }) => response?.httpVersion ?? '0',
  local_ip: ({ measured }) => measured.local?.address ?? '',
  local_port: ({ measured }) => measured.local?.port ?? 0,
  method: ({ method }) => method,
  num_connects: ({ measured }) => measured.connections,
  num_headers: ({ response }) => (response?.rawHeaders.length ?? 0) / 2,
  num_redirects: ({ measured }) => measured.redirects,
  redirect_url: ({ response, url }) => redirectOf(response, url),
  remote_ip: ({ measured }) => measured.remote?.address ?? '',
  remote_port: ({ measured }) => measured.remote?.port ?? 0,
  response_code: ({ response }) => response?.statusCode ?? 0,
  scheme: ({ measured, url }) => (measured.connections === 0 ? null : url.protocol.slice(0, -1).toUpperCase()),
  size_download: ({ measured }) => measured.downloaded,
  size_header: ({ measured }) => measured.headSize,
  size_request: ({ measured }) => measured.requestSize,
  size_upload: ({ measured }) => measured.uploaded,
  speed_download: ({ measured }) => speed(measured.downloaded, measured),
  speed_upload: ({ measured }) => speed(measured.uploaded, measured),
  time_appconnect: ({ measured }) => seconds(measured.began, measured.secured),
  time_connect: ({ measured }) => seconds(measured.began, measured.connected),
  time_namelookup: ({ measured }) => seconds(measured.began, measured.resolved),
  time_pretransfer: ({ measured }) => seconds(measured.began, measured.sending),
  time_redirect: ({ measured }) => seconds(measured.began, measured.redirects === 0 ? undefined : measured.hopBegan),
  time_starttransfer: ({ measured }) => seconds(measured.began, measured.answered),
  time_total: ({ measured }) => seconds(measured.began, measured.ended),
  url: ({ address }) => address,
  url_effective: ({ url }) => url.href,
};

const STATUSES = ['http_code', 'response_code', 'http_connect'];

/** Returns the URL of a redirect that was not followed. */
function redirectOf(response: IncomingMessage | undefined, url: URL): string | null {
  const location = response?.headers.location;
  return location !== undefined && URL.canParse(location, url) ? new URL(location, url).href : null;
}

function textOf(name: string, run: Finished): string {
  const value = VARIABLES[name]?.(run) ?? '';
  if (STATUSES.includes(name)) return String(value).padStart(3, '0');
  return name.startsWith('time_') ? Number(value).toFixed(6) : String(value);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\t': '\t', '%%': '%' };

/** Reads the format. @param given - value of `-w`; `@FILE` or `@-` reads the format from a file, without its line endings, as in curl */
export async function readFormat(given: string, io: Pick<Io, 'stdin'>): Promise<string> {
  if (!given.startsWith('@')) return given;
  const { content } = await readFileBody('-w', given.slice(1), io);
  const chunks: Uint8Array[] = [];
  if (content instanceof Uint8Array) chunks.push(content);
  else for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString()
    .replace(/[\r\n\0]/g, '');
}

/** Prints the formatted text. */
export function writeOut(format: string, run: Finished, io: Io): void {
  let stream = io.stdout;
  for (const [piece, variable, header] of format.matchAll(
    /%\{([^}]*)\}|%header\{([^}]*)\}|\\[nrt]|%%|[^%\\]+|[%\\]/g,
  )) {
    if (header !== undefined) stream.write(headerOf(header, run.response));
    else if (variable === undefined) stream.write(ESCAPES[piece] ?? piece);
    else if (variable === 'stderr') stream = io.stderr;
    else if (variable === 'stdout') stream = io.stdout;
    else if (variable === 'onerror') {
      if (run.exitCode === 0) return;
    } else if (variable === 'json') stream.write(JSON.stringify(allOf(run)));
    else if (variable === 'header_json') stream.write(headersOf(run.response));
    else if (Object.hasOwn(VARIABLES, variable)) stream.write(textOf(variable, run));
    else io.complain(`-w: unknown variable${/^[\w-]{1,40}$/.test(variable) ? ` ${variable}` : ''}`);
  }
}

function allOf(run: Finished): Record<string, Value> {
  return Object.fromEntries(Object.entries(VARIABLES).map(([name, read]) => [name, read(run)]));
}

function headerOf(name: string, response: IncomingMessage | undefined): string {
  return valuesByName(response).get(name.toLowerCase())?.[0] ?? '';
}

/** Formats the headers as curl does: one line for each name. */
function headersOf(response: IncomingMessage | undefined): string {
  const lines = [...valuesByName(response)].map(
    ([name, values]) => `${JSON.stringify(name)}:${JSON.stringify(values)}`,
  );
  return `{${lines.join(',\n')}\n}`;
}

/** Returns the values of each header, by name in lower case. `headersDistinct` throws in Node 22.18 if a header is named `__proto__`. */
function valuesByName(response: IncomingMessage | undefined): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  const { rawHeaders = [] } = response ?? {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = Buffer.from(rawHeaders[i + 1] as string, 'latin1').toString();
    byName.set(name, [...(byName.get(name) ?? []), value]);
  }
  return byName;
}
