/** `ajwt fetch`: sends a signed request, and prints the response. */
import type { Command } from 'ajwt-cli-kit/command';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { defineCommand } from 'ajwt-cli-kit/define-command';
import type { Io } from 'ajwt-cli-kit/io';
import { refuseMoreWords } from 'ajwt-cli-kit/parse';
import { pause } from '../client/pause.ts';
import { type Attempt, attempt, type Plan } from './fetch/attempt.ts';
import { type DataPart, dataParts } from './fetch/body.ts';
import { readCaller } from './fetch/caller.ts';
import { HTTP_ERROR, MALFORMED_URL, WRITE_ERROR } from './fetch/exit-codes.ts';
import { FETCH_OPTIONS } from './fetch/options.ts';
import { type FetchValues, readLimits, readSettings } from './fetch/prepare.ts';
import { REFUSED_OPTIONS } from './fetch/refused.ts';
import { readRequest } from './fetch/request.ts';
import { type Ending, Retries } from './fetch/retry.ts';
import { printTrace } from './fetch/verbose.ts';
import { readUrl } from './request-line.ts';

const command = defineCommand({
  name: 'ajwt fetch',
  usage: '[-X METHOD] [-d DATA | -F FIELD]… --user NAME --key FILE URL',
  about: [
    'Sends a request with a new token and prints the response body as it arrives. Follows redirects within the origin, with a new token for each hop. Does not follow redirects to another origin.',
    'For scripts: the exit codes are the same as in curl, and if the server refuses the token, one line on standard error says why.',
  ],
  options: FETCH_OPTIONS,
  refused: REFUSED_OPTIONS,
  exitCodes: [
    ['0', 'the server responded, with any status'],
    ['1', 'usage error, unusable key, or a redirect to another origin'],
    ['3', 'malformed URL'],
    ['6', 'the host name cannot be resolved'],
    ['7', 'cannot connect'],
    ['22', 'status 400 or higher, with --fail or --fail-with-body'],
    ['26', 'a file given with -d, -F or -T cannot be read'],
    ['28', 'a time limit was exceeded'],
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
    if (values.config.length > 0) throw new CommandError('-K: must not be combined with other options in one word');
    if (address === undefined) throw new CommandError('no URL; give one, such as https://host/path');
    if (more.length > 0) throw new CommandError('give one URL; each request needs its own token');
    if (values.fail && values['fail-with-body']) throw new CommandError('give --fail or --fail-with-body, not both');
    const retries = new Retries(values);
    const plan = await prepare(address, dataParts(given), values, io);
    const format = values['write-out'];
    const writer = format === undefined ? undefined : await import('./fetch/write-out.ts');
    const text = writer === undefined || format === undefined ? '' : await writer.readFormat(format, io);
    const result = await lastAttempt(plan, retries);
    if (result.complaint !== undefined && !isQuiet(values)) io.complain(result.complaint);
    writer?.writeOut(text, { ...result, address, method: plan.request.method }, io);
    return result.exitCode;
  },
});

export const fetch: Command = {
  ...command,
  async run(args, io) {
    if (!args.some((arg) => /^(?:-[^-]*K|--config)/.test(arg))) return command.run(args, io);
    const { withConfigFiles } = await import('./fetch/config-file.ts');
    return command.run(await withConfigFiles(args, FETCH_OPTIONS, io), io);
  },
};

/** Reads everything that the request needs. An error here means that nothing has been sent. */
async function prepare(address: string, parts: readonly DataPart[], values: FetchValues, io: Io): Promise<Plan> {
  const url = readUrl(address, MALFORMED_URL);
  await checkOutput(url, values);
  return {
    limits: readLimits(values),
    settings: readSettings(values, io),
    caller: await readCaller(values, url, io),
    request: await readRequest(url, parts, values, io),
    trace: values.verbose ? printTrace(io) : undefined,
    showsProgress: wantsProgress(values, io),
    values,
    io,
  };
}

/** Checks the options that name files to write. */
async function checkOutput(url: URL, values: FetchValues): Promise<void> {
  if (!values['remote-name']) return;
  if (values.output !== undefined) throw new CommandError('give -o or -O, not both');
  if (values['remote-header-name'] && (values.include || values.head)) {
    throw new CommandError('-J cannot be combined with -i or -I');
  }
  const { nameInUrl, refuseExistingFile } = await import('./fetch/remote-name.ts');
  if (!values['remote-header-name']) await refuseExistingFile(nameInUrl(url));
}

/** Sends the request, and repeats it until no retry is due. */
async function lastAttempt(plan: Plan, retries: Retries): Promise<Attempt> {
  const { values, io } = plan;
  for (;;) {
    let wait: number | undefined;
    const decide = (ending: Attempt) => {
      wait = retries.next(endingOf(ending, plan));
      return wait === undefined;
    };
    const result = await attempt(plan, decide);
    // A partly written file can be overwritten; standard output cannot.
    if (wait === undefined && isCut(result) && isFile(values.output)) decide(result);
    if (wait === undefined) return result;
    const status = result.response?.statusCode;
    if (!values.silent) {
      io.complain(`${result.complaint ?? `status ${status}`}; retrying in ${wait} s (${retries.left} left)`);
    }
    await pause(wait);
  }
}

/** Returns whether a response ended before all of it was written. */
function isCut({ isWritten, exitCode }: Attempt): boolean {
  return isWritten && exitCode !== 0 && exitCode !== HTTP_ERROR && exitCode !== WRITE_ERROR;
}

function isFile(path: string | undefined): boolean {
  return path !== undefined && path !== '-';
}

function endingOf({ exitCode, response, isRefusal, measured, isWritten }: Attempt, { request }: Plan): Ending {
  return {
    exitCode,
    // If only part of the response arrived, its status does not show whether the request succeeded.
    status: isWritten ? 0 : (response?.statusCode ?? 0),
    retryAfter: response?.headers['retry-after'],
    isRefusal,
    method: request.method,
    isUnsent: measured.requestSize === 0,
    isRepeatable: request.body === undefined || request.body.content instanceof Uint8Array,
  };
}

/** Returns whether to suppress error messages. */
function isQuiet(values: FetchValues): boolean {
  return values.silent && !values['show-error'];
}

/** Returns whether to show progress: on a terminal that does not already show the body. */
function wantsProgress({ silent, output, 'remote-name': named }: FetchValues, { stdout, stderr }: Io): boolean {
  const showsBody = stdout.isTTY === true && !named && !isFile(output);
  return stderr.isTTY === true && !silent && !showsBody;
}
