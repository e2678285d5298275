/** `ajwt fetch`: sends a signed request, and prints the response. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { dataParts } from './fetch/body.ts';
import { type Caller, readCaller } from './fetch/caller.ts';
import { type Exchanged, exchange, type Sending } from './fetch/exchange.ts';
import { bodyError, HTTP_ERROR, MALFORMED_URL } from './fetch/exit-codes.ts';
import { startDeadlines } from './fetch/limits.ts';
import { startMeasuring } from './fetch/measurements.ts';
import { FETCH_OPTIONS } from './fetch/options.ts';
import { type FetchValues, readLimits, readSettings } from './fetch/prepare.ts';
import { showProgress } from './fetch/progress.ts';
import { MAX_PROBLEM, refusalLine } from './fetch/refusal.ts';
import { readRequest } from './fetch/request.ts';
import { openSink, type Sink } from './fetch/sink.ts';
import { headOf, type OutgoingRequest } from './fetch/transport.ts';
import { printTrace } from './fetch/verbose.ts';
import { readUrl } from './request-line.ts';

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
    ['26', 'a file given with -d, -F or -T cannot be read'],
    ['28', 'a time limit is over'],
    ['47', 'too many redirects'],
  ],
  examples: [
    'ajwt fetch --user guido --key ~/.ssh/id_ed25519 https://api.example.com/me',
    `ajwt fetch -d '{"name":"x"}' -H 'Content-Type: application/json' https://api.example.com/items`,
    "ajwt fetch -F title=Report -F 'file=@report.pdf;type=application/pdf' https://api.example.com/files",
    'tar c . | ajwt fetch -X PUT -d @- --fail-with-body https://api.example.com/backup',
  ],
  async run(values, { words, given, io }) {
    refuseMoreWords('ajwt fetch', words, 1);
    const [address, ...more] = [...words, ...values.url];
    if (address === undefined) throw new CommandError('no URL; give one, such as https://host/path');
    if (more.length > 0) throw new CommandError('give one URL; each request needs a token');
    if (values.fail && values['fail-with-body']) throw new CommandError('give --fail or --fail-with-body, not both');
    const url = readUrl(address, MALFORMED_URL);
    const limits = readLimits(values);
    const settings = readSettings(values, io);
    const caller = await readCaller(values, url, io);
    const request = await readRequest(url, dataParts(given), values, io);
    const measured = startMeasuring();
    const deadlines = startDeadlines(limits, url.host, () => measured.downloaded);
    const progress = wantsProgress(values, io) ? showProgress(io.stderr) : undefined;
    const observers = { trace: values.verbose ? printTrace(io) : undefined, measured, deadlines };
    try {
      return await transfer(request, caller, { settings, observers, progress }, values, io);
    } catch (error) {
      if (!isQuiet(values) || !(error instanceof CommandError)) throw error;
      return error.exitCode;
    } finally {
      deadlines.end();
      progress?.end();
    }
  },
});

/** Returns whether to print no errors. */
function isQuiet(values: FetchValues): boolean {
  return values.silent && !values['show-error'];
}

/** Returns whether to show progress: on a terminal that does not already show the body. */
function wantsProgress({ silent, output }: FetchValues, { stdout, stderr }: Io): boolean {
  const showsBody = stdout.isTTY === true && (output === undefined || output === '-');
  return stderr.isTTY === true && !silent && !showsBody;
}

async function transfer(
  request: OutgoingRequest,
  caller: Caller,
  sending: Omit<Sending, 'sign' | 'onHead'>,
  values: FetchValues,
  io: Io,
): Promise<number> {
  const exchanged = await exchange(request, { ...sending, sign: caller.sign, onHead: () => {} });
  const { response } = exchanged;
  const now = Date.now() / 1000;
  const { statusCode: status = 0, statusMessage = '' } = response;
  const failed = status >= 400 && (values.fail || values['fail-with-body']);
  const sink = openSink(values.output, io);
  let kept: string;
  try {
    if (values.include || values.head) await sink.write(headOf(response));
    kept = await writeBody(chunksOf(exchanged, sending), failed && values.fail ? undefined : sink);
  } finally {
    exchanged.close();
    await sink.close();
    sending.progress?.end();
  }
  if (!isQuiet(values)) {
    const line = refusalLine({ response, body: kept, ...caller, now });
    if (line !== undefined) io.complain(line);
    else if (failed) io.complain(`${status} ${statusMessage}`.trim());
  }
  return failed ? HTTP_ERROR : 0;
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
  { response, url, close }: Exchanged,
  { observers: { measured, deadlines }, progress }: Omit<Sending, 'sign' | 'onHead'>,
): AsyncGenerator<Uint8Array> {
  const length = response.headers['content-length'];
  const { signal } = deadlines;
  signal.addEventListener('abort', close);
  try {
    if (signal.aborted) throw signal.reason;
    for await (const chunk of response) {
      measured.downloaded += chunk.length;
      progress?.received(chunk.length, length === undefined ? undefined : Number(length));
      yield chunk;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : bodyError(error, url);
  } finally {
    signal.removeEventListener('abort', close);
  }
}
