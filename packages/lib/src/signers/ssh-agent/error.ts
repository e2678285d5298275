/** Defines the error of the ssh-agent. */
import { CodedError } from '../../core/coded-error.ts';

/**
 * The causes:
 *
 * - `no_agent`: neither `SSH_AUTH_SOCK` nor the option `socket` names an agent
 * - `unreachable`: no agent listens on the socket, or the agent closed the connection
 * - `no_usable_key`: the agent has no key that signs tokens; it may be locked
 * - `several_keys`: the agent has several keys, and the option `fingerprint` is not set
 * - `unknown_key`: the agent does not have the key that the option `fingerprint` names
 * - `refused`: the agent refused to sign, because a person declined, the agent is locked, or the key was removed
 * - `bad_answer`: the agent sent an invalid or unexpected response
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
