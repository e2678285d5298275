/** One attempt at the request of a command: sends it, and writes the response unless the request will be repeated. */
import type { IncomingMessage } from 'node:http';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
import type { Caller } from './caller.ts';
import type { ConnectionSettings } from './connection/settings.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { HTTP_ERROR } from './exit-codes.ts';
import { startDeadlines, type TimeLimits } from './limits.ts';
import { type Measurements, startMeasuring } from './measurements.ts';
import type { FetchValues } from './prepare.ts';
import { showProgress } from './progress.ts';
import { chunksOf, peek } from './received-body.ts';
import { mayBeRefusal, refusalLine } from './refusal.ts';
import { type Destination, openSink } from './sink.ts';
import { headOf, type OutgoingRequest } from './transport.ts';
import type { Trace } from './verbose.ts';

/** Everything that the attempts of a command share. */
export interface Plan {
  readonly request: OutgoingRequest;
  readonly caller: Caller;
  readonly settings: ConnectionSettings;
  readonly limits: TimeLimits;
  readonly trace: Trace | undefined;
  readonly showsProgress: boolean;
  readonly values: FetchValues;
  readonly io: Io;
}

/** How an attempt ended. */
export interface Attempt {
  readonly measured: Measurements;
  /** URL of the last hop. */
  url: URL;
  /** The last response. */
  response: IncomingMessage | undefined;
  exitCode: number;
  /** The error message to print, if any. */
  complaint: string | undefined;
  /** Whether the server refused the token. */
  isRefusal: boolean;
  /** Whether part of the response was written. */
  isWritten: boolean;
  /** The file that was written. */
  path: string | undefined;
}

/**
 * Sends the request.
 *
 * @param isFinal - decides, before anything is written, whether to write this response
 */
export async function attempt(plan: Plan, isFinal: (ending: Attempt) => boolean): Promise<Attempt> {
  const { request, caller, settings, limits, trace, io } = plan;
  const progress = plan.showsProgress ? showProgress(io.stderr) : undefined;
  const measured = startMeasuring();
  const result: Attempt = {
    measured,
    url: request.url,
    response: undefined,
    exitCode: 0,
    complaint: undefined,
    isRefusal: false,
    isWritten: false,
    path: undefined,
  };
  const deadlines = startDeadlines(limits, request.url.host, () => measured.downloaded);
  const heads: Uint8Array[] = [];
  const onHead = (response: IncomingMessage) => {
    result.response = response;
    heads.push(headOf(response));
  };
  let exchanged: Exchanged | undefined;
  let isAsked = false;
  const asked = (ending: Attempt) => {
    isAsked = true;
    return isFinal(ending);
  };
  try {
    const observers = { trace, measured, deadlines };
    exchanged = await exchange(request, { sign: caller.sign, settings, observers, progress, onHead });
    result.url = exchanged.url;
    const chunks = chunksOf(exchanged, deadlines.signal, measured, progress);
    await receive(exchanged, chunks, heads, result, plan, asked);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    result.exitCode = error.exitCode;
    result.complaint = error.message;
    if (!isAsked && isFinal(result)) await writeHeads(heads, plan, io);
  } finally {
    deadlines.end();
    exchanged?.close();
    progress?.end();
    measured.ended = performance.now();
  }
  return result;
}

/** Writes the heads of a failed exchange, as curl does. */
async function writeHeads(heads: readonly Uint8Array[], { values }: Plan, io: Io): Promise<void> {
  if (values.include || values.head) for (const head of heads) io.stdout.write(head);
  if (values['dump-header'] !== undefined) await dumpHeads(values['dump-header'], heads, io);
}

async function dumpHeads(path: string, heads: readonly Uint8Array[], io: Io): Promise<void> {
  const sink = openSink({ path, option: '-D' }, io);
  try {
    await sink.write(Buffer.concat(heads));
  } finally {
    await sink.close();
  }
}

async function receive(
  { response, url }: Exchanged,
  received: AsyncIterable<Uint8Array>,
  heads: readonly Uint8Array[],
  result: Attempt,
  plan: Plan,
  isFinal: (ending: Attempt) => boolean,
): Promise<void> {
  const { values, io, caller } = plan;
  const now = Date.now() / 1000;
  const { statusCode: status = 0, statusMessage = '' } = response;
  const isFailed = status >= 400 && (values.fail || values['fail-with-body']);
  if (isFailed) {
    result.exitCode = HTTP_ERROR;
    result.complaint = `${status} ${statusMessage}`.trim();
  }
  let chunks = received;
  const encoding = response.headers['content-encoding'];
  if (values.compressed && encoding !== undefined) {
    const { decode } = await import('./decode.ts');
    chunks = decode(chunks, encoding, url.host);
  }
  if (mayBeRefusal(response)) {
    const { beginning, whole } = await peek(chunks);
    chunks = whole;
    const line = refusalLine({ ...caller, response, body: beginning, now });
    result.isRefusal = line !== undefined;
    if (line !== undefined) result.complaint = line;
  }
  if (!isFinal(result)) return;
  if (values['dump-header'] !== undefined) await dumpHeads(values['dump-header'], heads, io);
  const destination = await destinationOf(plan, response);
  const sink = openSink(destination, io);
  result.path = destination.path;
  try {
    result.isWritten = true;
    if (values.include || values.head) await sink.write(Buffer.concat(heads));
    if (values.head || (isFailed && values.fail)) return;
    // With an empty body, this creates the file.
    await sink.write(new Uint8Array());
    for await (const chunk of chunks) await sink.write(chunk);
  } finally {
    await sink.close();
  }
}

/** Returns where to write: the file given with `-o`, or the file named by the URL or the response. */
async function destinationOf({ values, request }: Plan, response: IncomingMessage): Promise<Destination> {
  if (!values['remote-name']) return { path: values.output, option: '-o' };
  const { nameInResponse, nameInUrl } = await import('./remote-name.ts');
  const named = values['remote-header-name'] ? nameInResponse(response) : undefined;
  return { path: `./${named ?? nameInUrl(request.url)}`, option: '-O' };
}
