/** The one error of the agent. */

/**
 * Why an agent does not sign:
 *
 * - `no_agent`: nobody says where an agent is
 * - `unreachable`: there is none at that socket, or it went away
 * - `no_usable_key`: the agent has no key that signs tokens; it may be locked
 * - `several_keys`: it has several, and none was named
 * - `unknown_key`: it does not have the key that was named
 * - `refused`: it refused to sign: a person said no, it was locked, or the key was removed
 * - `bad_answer`: what it answered is not what was asked for
 * - `timed_out`: it did not list its keys in time
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

/** The agent cannot sign. The message says what to do next. */
export class SshAgentError extends Error {
  override readonly name = 'SshAgentError';
  readonly code: SshAgentErrorCode;

  constructor(code: SshAgentErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
