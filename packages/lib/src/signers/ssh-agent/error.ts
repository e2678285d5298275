/** The one error of the ssh-agent. */
import { CodedError } from '../../core/coded-error.ts';

/**
 * The causes:
 *
 * - `no_agent`: neither `SSH_AUTH_SOCK` nor the option `socket` names an agent
 * - `unreachable`: no agent listens on that socket, or it closed the connection
 * - `no_usable_key`: the agent has no key that signs tokens; it may be locked
 * - `several_keys`: the agent has several keys, and none was named
 * - `unknown_key`: the agent does not have the key that was named
 * - `refused`: the agent refused to sign: a person declined, it is locked, or the key was removed
 * - `bad_answer`: the response does not fit the request
 * - `timed_out`: the agent did not list its keys in time
 */
export type SshAgentErrorCode =
  | 'no_agent'
  | 'unreachable'
  | 'no_usable_key'
  | 'several_keys'
  | 'unknown_key'
  | 'refused'
  | 'bad_answer'
  | 'timed_out';

/**
 * Reports that an ssh-agent did not sign. The message says what to do.
 *
 * @example
 * ```ts
 * import { SshAgentError, sshAgentSigner } from 'asymmetric-jwt-auth/ssh-agent';
 *
 * try {
 *   await sshAgentSigner({ socket: '/nonexistent/agent.sock' });
 * } catch (error) {
 *   if (error instanceof SshAgentError) console.log(error.code); // unreachable
 * }
 * ```
 */
export class SshAgentError extends CodedError<SshAgentErrorCode> {
  override readonly name = 'SshAgentError';
}
