/** Lists the keys of an agent and chooses one. */
import { printable } from '../../core/printable.ts';
import { encodeBase64 } from '../../keys/base64.ts';
import { KeyError } from '../../keys/key-error.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { SshReader } from '../../keys/ssh-wire.ts';
import { SshAgentError } from './error.ts';
import { askAgent } from './request.ts';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
/** An agent lists its keys without asking a person. If it takes longer than this, it hangs. */
const LIST_TIMEOUT_MS = 10_000;

/** A key in an agent. */
export interface Identity {
  readonly blob: Uint8Array;
  readonly comment: string;
  /** `undefined` if the key cannot sign tokens. */
  readonly key: PublicKey | undefined;
  /** Why the key cannot sign tokens; empty if it can. */
  readonly reason: string;
}

/**
 * Lists the keys in an agent.
 *
 * @throws SshAgentError
 */
export async function listIdentities(socket: string): Promise<readonly Identity[]> {
  const response = await askAgent({
    ...{ socket, type: REQUEST_IDENTITIES, responseType: IDENTITIES_ANSWER, timeoutMs: LIST_TIMEOUT_MS },
  });
  if (response === undefined) throw new SshAgentError('refused', 'the ssh-agent refuses to list its keys');
  try {
    return readIdentities(new SshReader(response));
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new SshAgentError('bad_answer', 'the ssh-agent sent a malformed list of keys');
  }
}

function readIdentities(reader: SshReader): Identity[] {
  const identities: Identity[] = [];
  // The loop ends even if the count is wrong: each key takes at least 8 bytes of the response.
  for (let left = reader.uint32(); left > 0; left--) identities.push(readIdentity(reader.string(), reader.string()));
  reader.end();
  return identities;
}

function readIdentity(blob: Uint8Array, commentBytes: Uint8Array): Identity {
  const comment = printable(new TextDecoder().decode(commentBytes.subarray(0, 400)), 100);
  try {
    const type = new SshReader(blob).text();
    return { blob, comment, key: PublicKey.from(`${type} ${encodeBase64(blob)}`), reason: '' };
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return { blob, comment, key: undefined, reason: error.message };
  }
}

/** A key that can sign tokens. */
export type UsableIdentity = Identity & { readonly key: PublicKey };

/**
 * Chooses a key.
 *
 * @param name - the fingerprint, thumbprint or kid; without it, the agent must have exactly one key that can sign tokens
 * @throws SshAgentError `no_usable_key`, `several_keys` or `unknown_key`; the message lists the agent's keys
 */
export function chooseIdentity(identities: readonly Identity[], name: string | undefined): UsableIdentity {
  const usable = identities.filter((one): one is UsableIdentity => one.key !== undefined);
  if (identities.length === 0) {
    throw new SshAgentError(
      name === undefined ? 'no_usable_key' : 'unknown_key',
      'the ssh-agent has no keys; add one with `ssh-add`, or if the agent is locked, unlock it with `ssh-add -X`',
    );
  }
  if (name !== undefined) {
    const found = usable.find(({ key }) => [key.fingerprint, key.thumbprint, key.kid].includes(name));
    if (found !== undefined) return found;
    throw new SshAgentError(
      'unknown_key',
      `the ssh-agent has no key ${printable(name, 100)} that signs tokens; ${listed(identities)}`,
    );
  }
  const [first, second] = usable;
  if (first === undefined) {
    throw new SshAgentError('no_usable_key', `the ssh-agent has no key that signs tokens; ${listed(identities)}`);
  }
  if (second !== undefined) {
    throw new SshAgentError(
      'several_keys',
      `the ssh-agent has several keys; choose one, such as ssh-agent:SHA256:…; ${listed(usable)}`,
    );
  }
  return first;
}

/** Maximum number of keys that a message lists. */
const LISTED = 20;

function listed(identities: readonly Identity[]): string {
  const lines = identities.slice(0, LISTED).map(({ key, comment, reason }) => {
    const label = comment === '' ? '' : ` (${comment})`;
    return key === undefined ? `another key${label}: ${reason}` : `${key.fingerprint}${label}`;
  });
  const more = identities.length > LISTED ? ` and ${identities.length - LISTED} more` : '';
  return `it has ${lines.join(', ')}${more}`;
}
