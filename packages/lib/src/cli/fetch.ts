/** `ajwt fetch`: sends a signed request, and prints the response. */
import type { IncomingMessage } from 'node:http';
import type { Values } from 'ajwt-cli-kit/command';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { exchange } from '../client/exchange.ts';
import { BODY_HEADERS } from '../client/redirect.ts';
import { responseHead } from '../client/response-head.ts';
import { attemptSigner } from '../client/signing.ts';
import { readBody } from './fetch/body.ts';
import { bodyError, HTTP_ERROR, MALFORMED_URL, transferError } from './fetch/exit-codes.ts';
import { readForm } from './fetch/form.ts';
import { readHeaders } from './fetch/headers.ts';
import { FETCH_OPTIONS } from './fetch/options.ts';
import { type Progress, showProgress } from './fetch/progress.ts';
import { MAX_PROBLEM, refusalLine } from './fetch/refusal.ts';
import { openSink, type Sink } from './fetch/sink.ts';
import { createTransport, headOf } from './fetch/transport.ts';
import { printTrace } from './fetch/verbose.ts';
import { readSigningKey, readUsername } from './identity.ts';
import { readMethod, readUrl } from './request-line.ts';

export const fetch = defineCommand({
  name: 'ajwt fetch',
  usage: '[-X METHOD] [-d DATA | -F FIELD]… --user NAME --key FILE URL',
  about: [
    'Sends a request with a new token and prints the response body as it arrives. Follows redirects within the origin, with a new token for each hop. Does not follow redirects to another origin.',
    'For scripts: the exit codes are the same as in curl, and if the server refuses the token, one line on standard error says why.',
  ],
  options: FETCH_OPTIONS,
  exitCodes: [
    ['0', 'the server responded, with any status'],
    ['1', 'wrong usage, unusable key, or a redirect to another origin'],
    ['3', 'malformed URL'],
    ['6', 'the host name cannot be resolved'],
    ['7', 'cannot connect'],
    ['22', 'status 400 or higher, with --fail or --fail-with-body'],
    ['26', 'a file given with -d or -F cannot be read'],
    ['47', 'too many redirects'],
  ],
  examples: [
    'ajwt fetch --user guido --key ~/.ssh/id_ed25519 https://api.example.com/me',
    `ajwt fetch -d '{"name":"x"}' -H 'Content-Type: application/json' https://api.example.com/items`,
    "ajwt fetch -F title=Report -F 'file=@report.pdf;type=application/pdf' https://api.example.com/files",
    'tar c . | ajwt fetch -X PUT -d @- --fail-with-body https://api.example.com/backup',
  ],
  async run(values, { words, io }) {
    const [given] = words;
    if (given === undefined) throw new CommandError('no URL; give one, such as https://host/path');
    refuseMoreWords('ajwt fetch', words, 1);
    if (values.fail && values['fail-with-body']) throw new CommandError('give --fail or --fail-with-body, not both');
    const url = readUrl(given, MALFORMED_URL);
    const prepared = await prepare(values, io);
    try {
      return await transfer(url, prepared, values, io);
    } catch (error) {
      if (!values.silent || !(error instanceof CommandError)) throw error;
      return error.exitCode;
    } finally {
      prepared.progress?.end();
      prepared.transport.close();
    }
  },
});

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Reads everything that the request needs. An error here means that nothing has been sent. */
async function prepare(values: Values<typeof FETCH_OPTIONS>, io: Io) {
  const { user, key: keyOption, request, header, data, form, bind, audience, verbose } = values;
  if (data.length > 0 && form.length > 0) throw new CommandError('give -d or -F, not both');
  if (form.length > 0 && header.some((line) => /^content-type[:;]/i.test(line))) {
    throw new CommandError('-H: Content-Type cannot be set with -F');
  }
  if (audience === '') throw new CommandError('--audience: must not be empty');
  const username = readUsername(user, io);
  const method = readMethod(request ?? (data.length + form.length === 0 ? 'GET' : 'POST'));
  const headers = readHeaders(header, {
    accept: '*/*',
    'user-agent': 'ajwt',
    ...(data.length === 0 ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
  });
  const key = await readSigningKey(keyOption, values['passphrase-fd'], io);
  const filled = await readForm(form, io);
  if (filled !== undefined) headers.set('content-type', filled.type);
  const body = filled ?? (await readBody(data, io));
  const progress = wantsProgress(values, io) ? showProgress(io.stderr) : undefined;
  const transport = createTransport(verbose ? printTrace(io) : undefined, progress);
  const sign = attemptSigner({
    username,
    key,
    // Without correction of the clock, a refusal because of the time is reported.
    clock: false,
    bind: bind ? ['aud', 'htm', 'target'] : audience === undefined ? [] : ['aud'],
    ...(audience === undefined ? {} : { audience }),
  });
  return { sign, request: { method, headers, body }, transport, progress, username, publicKey: key.publicKey };
}

/** Returns whether to show progress: on a terminal that does not already show the body. */
function wantsProgress({ silent, output }: Values<typeof FETCH_OPTIONS>, { stdout, stderr }: Io): boolean {
  const showsBody = stdout.isTTY === true && (output === undefined || output === '-');
  return stderr.isTTY === true && !silent && !showsBody;
}

async function transfer(url: URL, prepared: Prepared, values: Values<typeof FETCH_OPTIONS>, io: Io): Promise<number> {
  const { progress, username, publicKey } = prepared;
  const response = await send(url, prepared).catch((error: unknown) => {
    throw transferError(error, url, io.env);
  });
  const now = Date.now() / 1000;
  const { statusCode: status = 0, statusMessage = '' } = response;
  const failed = status >= 400 && (values.fail || values['fail-with-body']);
  const sink = openSink(values.output, io);
  let kept: string;
  try {
    if (values.include) await sink.write(headOf(response));
    kept = await writeBody(chunksOf(response, url, progress), failed && values.fail ? undefined : sink);
  } finally {
    await sink.close();
    progress?.end();
  }
  if (!values.silent) {
    const line = refusalLine({ response, body: kept, username, publicKey, isBound: values.bind, now });
    if (line !== undefined) io.complain(line);
    else if (failed) io.complain(`${status} ${statusMessage}`.trim());
  }
  return failed ? HTTP_ERROR : 0;
}

/** Sends a request, and follows redirects within its origin, with a new token for each hop. */
async function send(url: URL, { sign, request, transport }: Prepared): Promise<IncomingMessage> {
  const { method, body } = request;
  const { response } = await exchange(
    sign,
    { url, method, body: body?.content },
    {
      async send(hop, authorization) {
        const headers = new Map(request.headers).set('authorization', authorization);
        if (hop.dropsBody) for (const name of BODY_HEADERS) headers.delete(name);
        const response = await transport.send({ ...hop, headers, body: hop.dropsBody ? undefined : body });
        return { response, ...responseHead(response.statusCode ?? 0, response.headers) };
      },
      discard: ({ response }) => response.destroy(),
      follows: true,
    },
  );
  return response;
}

/**
 * Writes the chunks of a body as they arrive.
 *
 * @param sink - `undefined` to discard the body
 * @returns the beginning of the body, long enough for a refusal
 */
async function writeBody(chunks: AsyncIterable<Uint8Array>, sink: Sink | undefined): Promise<string> {
  const kept: Uint8Array[] = [];
  let length = 0;
  // With an empty body, this creates the file.
  await sink?.write(new Uint8Array());
  for await (const chunk of chunks) {
    await sink?.write(chunk);
    if (length < MAX_PROBLEM) kept.push(chunk);
    else if (sink === undefined) break;
    length += chunk.length;
  }
  return Buffer.concat(kept).toString('utf8', 0, MAX_PROBLEM);
}

async function* chunksOf(
  response: IncomingMessage,
  url: URL,
  progress: Progress | undefined,
): AsyncGenerator<Uint8Array> {
  const length = response.headers['content-length'];
  try {
    for await (const chunk of response) {
      progress?.received(chunk.length, length === undefined ? undefined : Number(length));
      yield chunk;
    }
  } catch (error) {
    throw bodyError(error, url);
  }
}
