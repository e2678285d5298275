/** Sends one request to an agent, on a separate connection (draft-miller-ssh-agent §3). */
import { createConnection } from 'node:net';
import { concatBytes, SshReader, sshString } from '../../keys/ssh-wire.ts';
import { SshAgentError } from './error.ts';

/** Longest response that is read, in bytes. OpenSSH has the same limit. */
const MAX_RESPONSE = 262_144;

const FAILURE = 5;

/** A request to an agent. */
export interface AgentRequest {
  /** The path of the agent's socket. */
  readonly socket: string;
  readonly type: number;
  readonly content?: Uint8Array;
  /** The type of the expected response. */
  readonly responseType: number;
  /** Milliseconds to wait for the response. By default there is no limit, because a person may have to confirm the request. */
  readonly timeoutMs?: number;
}

/**
 * Sends a request to an agent.
 *
 * @returns the content of the response, or `undefined` if the agent reports a failure
 * @throws SshAgentError `unreachable`, `bad_answer` or `timed_out`
 */
export function askAgent({
  socket,
  type,
  content,
  responseType,
  timeoutMs,
}: AgentRequest): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const connection = createConnection({ path: socket });
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    const chunks: Uint8Array[] = [];
    let received = 0;
    let length = 0;

    connection.on('error', (error: NodeJS.ErrnoException) => fail('unreachable', unreachable(error.code)));
    connection.on('end', () => fail('unreachable', 'the ssh-agent closed the connection before it responded'));
    connection.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 4) return;
      if (length === 0) length = new SshReader(concatBytes(...chunks)).uint32();
      if (length === 0 || length > MAX_RESPONSE)
        fail('bad_answer', `the ssh-agent sent a response of invalid length: ${length} bytes`);
      else if (received > 4 + length) fail('bad_answer', 'the ssh-agent sent more than one response');
      else if (received === 4 + length) read(concatBytes(...chunks).subarray(4));
    });
    connection.write(sshString(concatBytes(Uint8Array.of(type), content ?? new Uint8Array(0))));

    function read(message: Uint8Array): void {
      if (message[0] === responseType) finish(() => resolve(message.subarray(1)));
      else if (message[0] === FAILURE) finish(() => resolve(undefined));
      else fail('bad_answer', 'the ssh-agent sent an unexpected response');
    }
    function onTimeout(): void {
      fail('timed_out', `the ssh-agent did not respond within ${(timeoutMs as number) / 1000} s`);
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
  ECONNREFUSED: 'no process listens on its socket (ECONNREFUSED)',
  EACCES: 'permission to use its socket is denied (EACCES)',
};

function unreachable(code = 'unknown error'): string {
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : code;
  return `cannot reach the ssh-agent: ${reason}; start one with \`eval "$(ssh-agent)"\`, then add the key with \`ssh-add\``;
}
