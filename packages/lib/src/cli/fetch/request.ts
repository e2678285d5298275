/** Reads the request from the options. */
import { basename } from 'node:path';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
import { readMethod } from '../request-line.ts';
import { type DataPart, readBody, readFileBody } from './body.ts';
import { MALFORMED_URL } from './exit-codes.ts';
import { readForm } from './form.ts';
import { readHeaders } from './headers.ts';
import type { FetchValues } from './prepare.ts';
import type { OutgoingRequest } from './transport.ts';

/** Reads the request. @param parts - options that make up the data, in the order given */
export async function readRequest(
  given: URL,
  parts: readonly DataPart[],
  values: FetchValues,
  io: Io,
): Promise<OutgoingRequest> {
  const { form, head, get, 'upload-file': upload } = values;
  const sends = [
    ...(parts.length > 0 && !get ? ['-d'] : []),
    ...(form.length > 0 ? ['-F'] : []),
    ...(upload !== undefined ? ['-T'] : []),
    ...(head ? ['-I'] : []),
  ];
  if (sends.length > 1) throw new CommandError(`give ${sends.join(' or ')}, not both`);
  const method = readMethod(values.request ?? METHODS[sends[0] ?? ''] ?? 'GET');
  const headers = readHeaders(values.header, defaultsOf(parts, values), values.cookie);
  if (form.length > 0 && values.header.some((line) => /^content-type[:;]/i.test(line))) {
    throw new CommandError('-H: Content-Type cannot be set with -F');
  }
  const filled = await readForm(form, io);
  if (filled !== undefined) headers.set('content-type', filled.type);
  const body = upload === undefined ? (filled ?? (await readBody(parts, io))) : await readFileBody('-T', upload, io);
  if (!get) return { url: upload === undefined ? given : withFileName(given, upload), method, headers, body };
  if (body === undefined) return { url: given, method, headers, body };
  if (!(body.content instanceof Uint8Array)) {
    throw new CommandError('-G: standard input, a pipe or a file over 16 MiB cannot be a query');
  }
  return { url: withQuery(given, Buffer.from(body.content).toString()), method, headers, body: undefined };
}

const METHODS: Readonly<Record<string, string>> = { '-d': 'POST', '-F': 'POST', '-T': 'PUT', '-I': 'HEAD' };

function defaultsOf(parts: readonly DataPart[], values: FetchValues): Record<string, string> {
  const { get, referer } = values;
  if (referer?.includes(';auto')) throw new CommandError('-e: ;auto is not supported');
  const agent = values['user-agent'] ?? 'ajwt';
  const isJson = parts.some(({ kind }) => kind === 'json');
  const type = isJson ? 'application/json' : 'application/x-www-form-urlencoded';
  return {
    accept: isJson ? 'application/json' : '*/*',
    ...(values.compressed ? { 'accept-encoding': 'deflate, gzip, br, zstd' } : {}),
    ...(agent === '' ? {} : { 'user-agent': agent }),
    ...(referer === undefined || referer === '' ? {} : { referer }),
    ...(parts.length === 0 || (get && !isJson) ? {} : { 'content-type': type }),
  };
}

/** Appends the name of the file to a URL that ends with a slash, as curl does. */
function withFileName(given: URL, path: string): URL {
  if (path === '-' || path === '.' || !given.pathname.endsWith('/')) return given;
  const url = new URL(given);
  url.pathname += encodeURIComponent(basename(path));
  return url;
}

function withQuery(given: URL, data: string): URL {
  if (data === '') return given;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: curl refuses these too
  if (/[\x00-\x20\x7f]/.test(data)) {
    throw new CommandError(
      '-G: a URL cannot contain spaces or control characters; use --data-urlencode',
      MALFORMED_URL,
    );
  }
  const url = new URL(given);
  url.search = url.search === '' ? data : `${url.search.slice(1)}&${data}`;
  return url;
}
