/** `ajwtd decisions`: shows the decisions of a running server as they happen. */
import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { CommandError, defineCommand, type Io } from 'ajwt-cli-kit';
import { REASONS } from 'asymmetric-jwt-auth';
import { readAddress } from '../config.ts';
import { ADMIN_LISTEN_OPTION, DATABASE_OPTION } from '../serve-options.ts';
import { decisionForPeople } from './decision-for-people.ts';
import { JSON_OPTION } from './listing.ts';
import { readWords } from './with-directory.ts';

const OUTCOMES = ['accepted', ...Object.keys(REASONS)];

export const decisions = defineCommand({
  name: 'ajwtd decisions',
  usage: '--follow [--user USER] [--reason REASON] [--json]',
  about: [
    'Shows the decisions of a server on this machine as they happen, until interrupted: each with its reason and, for a refusal, what to do about it. On a terminal, the output is readable text; in a pipe or with --json, it is lines of JSON with the members of the access log.',
    'The command calls the admin listener of the server. Past decisions are in the log of the server.',
  ],
  options: {
    follow: { type: 'boolean', help: 'keep printing new decisions; required' },
    user: { type: 'string', value: 'USER', help: 'only decisions about this user' },
    reason: { type: 'string', value: 'REASON', choices: OUTCOMES, help: 'only decisions with this reason' },
    ...ADMIN_LISTEN_OPTION,
    config: DATABASE_OPTION.config,
    ...JSON_OPTION,
  },
  exitCodes: [
    ['0', 'interrupted'],
    ['1', 'the server cannot be reached, or has stopped'],
  ],
  examples: ['ajwtd decisions --follow', 'ajwtd decisions --follow --user guido --reason replayed'],
  async run(values, { words, named, io }) {
    readWords(words, []);
    const { user, reason } = values;
    if (!values.follow) throw new CommandError('pass --follow; past decisions are in the log of the server');
    if (reason !== undefined && !OUTCOMES.includes(reason)) {
      throw new CommandError(`${named('reason')}: must be one of ${OUTCOMES.join(', ')}`);
    }
    const origin = originOf(
      values['admin-listen'] ?? ADMIN_LISTEN_OPTION['admin-listen'].default,
      named('admin-listen'),
    );
    const query = new URLSearchParams({
      ...(user === undefined ? {} : { user }),
      ...(reason === undefined ? {} : { reason }),
    });
    const stopped = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());
    const response = await open(`${origin}/decisions?${query}`, origin, stopped.signal);
    if (response === undefined) return 0;
    const asJson = values.json || io.stdout.isTTY !== true;
    await print(io, response, asJson);
    if (stopped.signal.aborted) return 0;
    throw new CommandError(`the server at ${origin} has stopped`);
  },
});

/** Returns the origin of the listener on this machine. */
function originOf(text: string, option: string): string {
  if (text === 'off') throw new CommandError(`${option}: the server needs an admin listener for this command`);
  const { host, port } = readAddress(text, option);
  // A server that listens on all addresses requires a loopback name.
  const name = host === '::' || host === '0.0.0.0' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Opens the stream. @returns the response; `undefined` if the command was interrupted meanwhile */
async function open(url: string, origin: string, signal: AbortSignal): Promise<IncomingMessage | undefined> {
  let response: IncomingMessage;
  try {
    response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { signal }, resolve).on('error', reject);
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    const { code, message } = error as NodeJS.ErrnoException;
    const advice = 'start `ajwtd serve`, or pass the --admin-listen that it was started with';
    throw new CommandError(`cannot reach the admin listener at ${origin}: ${code ?? message}; ${advice}`);
  }
  if (response.statusCode === 200) return response;
  let body = '';
  for await (const part of response.setEncoding('utf8')) body += part;
  throw new CommandError(`the admin listener at ${origin} responded with ${response.statusCode}: ${detailOf(body)}`);
}

function detailOf(body: string): string {
  try {
    return String(JSON.parse(body).detail);
  } catch {
    return 'is it the admin listener of ajwtd?';
  }
}

/** Prints lines until the stream ends. */
async function print(io: Io, response: IncomingMessage, asJson: boolean): Promise<void> {
  response.on('error', () => {});
  try {
    for await (const line of createInterface({ input: response })) {
      // Empty lines only show that the connection works.
      if (line !== '') io.print(asJson ? line : decisionForPeople(io, JSON.parse(line)));
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw new CommandError('the server sent something that is not a decision');
    // An interrupted stream ends like any other.
  }
}
