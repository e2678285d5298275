/** One question to an agent, and its answer (draft-miller-ssh-agent §3). Each has a connection of its own. */
import { createConnection } from 'node:net';
import { concatBytes, SshReader, sshString } from '../../keys/ssh-wire.ts';
import { SshAgentError } from './error.ts';

/** Longest answer that is read, in bytes: that of OpenSSH itself. */
const MAX_ANSWER = 262_144;

const FAILURE = 5;

/** How to ask. */
export interface AgentRequest {
  /** Path of the agent's socket. */
  readonly socket: string;
  readonly type: number;
  readonly content?: Uint8Array;
  /** The type of the answer that is wanted. */
  readonly answer: number;
  /** Milliseconds until the answer must be there; for ever where there is none, as a person may have to confirm. */
  readonly timeout?: number;
}

/**
 * Asks an agent.
 *
 * @returns the content of its answer, or `undefined` where it answers with a failure
 * @throws SshAgentError `unreachable`, `bad_answer` or `timed_out`
 */
export function askAgent({ socket, type, content, answer, timeout }: AgentRequest): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const connection = createConnection({ path: socket });
    const timer = timeout === undefined ? undefined : setTimeout(onTimeout, timeout);
    const chunks: Uint8Array[] = [];
    let received = 0;
    let length = 0;

    connection.on('error', (error: NodeJS.ErrnoException) => fail('unreachable', whyUnreachable(error.code)));
    connection.on('end', () => fail('unreachable', 'the ssh-agent went away before it answered'));
    connection.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 4) return;
      if (length === 0) length = new SshReader(concatBytes(...chunks)).uint32();
      if (length === 0 || length > MAX_ANSWER) fail('bad_answer', `the ssh-agent answers with ${length} bytes`);
      else if (received > 4 + length) fail('bad_answer', 'the ssh-agent answers more than it was asked');
      else if (received === 4 + length) read(concatBytes(...chunks).subarray(4));
    });
    connection.write(sshString(concatBytes(Uint8Array.of(type), content ?? new Uint8Array(0))));

    function read(message: Uint8Array): void {
      if (message[0] === answer) finish(() => resolve(message.subarray(1)));
      else if (message[0] === FAILURE) finish(() => resolve(undefined));
      else fail('bad_answer', 'the ssh-agent answers something else than it was asked');
    }
    function onTimeout(): void {
      fail('timed_out', `the ssh-agent did not answer within ${(timeout as number) / 1000} s`);
    }
    function fail(code: 'unreachable' | 'bad_answer' | 'timed_out', message: string): void {
      finish(() => reject(new SshAgentError(code, message)));
    }
    function finish(settle: () => void): void {
      clearTimeout(timer);
      connection.destroy();
      settle();
    }
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its socket does not exist (ENOENT)',
  ECONNREFUSED: 'nobody answers at its socket (ECONNREFUSED)',
  EACCES: 'you may not use its socket (EACCES)',
};

function whyUnreachable(code = 'unknown error'): string {
  const why = Object.hasOwn(REASONS, code) ? REASONS[code] : code;
  return `the ssh-agent cannot be reached: ${why}; start one with \`eval "$(ssh-agent)"\`, and \`ssh-add\` the key`;
}
