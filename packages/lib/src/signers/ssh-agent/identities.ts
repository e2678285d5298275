/** The keys of an agent, and which of them is meant. */
import { printable } from '../../core/printable.ts';
import { encodeBase64 } from '../../keys/base64.ts';
import { KeyError } from '../../keys/key-error.ts';
import { PublicKey } from '../../keys/public-key.ts';
import { SshReader } from '../../keys/ssh-wire.ts';
import { SshAgentError } from './error.ts';
import { askAgent } from './request.ts';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
/** Listing needs nobody's consent: what takes longer hangs. */
const LIST_TIMEOUT = 10_000;

/** A key of an agent, with the public half, or why it does not sign tokens. */
export interface Identity {
  readonly blob: Uint8Array;
  readonly comment: string;
  readonly key: PublicKey | undefined;
  readonly why: string;
}

/**
 * Lists the keys of an agent.
 *
 * @throws SshAgentError
 */
export async function listIdentities(socket: string): Promise<readonly Identity[]> {
  const answer = await askAgent({
    ...{ socket, type: REQUEST_IDENTITIES, answer: IDENTITIES_ANSWER, timeout: LIST_TIMEOUT },
  });
  if (answer === undefined) throw new SshAgentError('refused', 'the ssh-agent does not list its keys');
  try {
    return readIdentities(new SshReader(answer));
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new SshAgentError('bad_answer', 'the list of keys of the ssh-agent is broken');
  }
}

function readIdentities(reader: SshReader): Identity[] {
  const identities: Identity[] = [];
  // Each takes 8 bytes at least, so that a count that lies ends at the end of the answer.
  for (let left = reader.uint32(); left > 0; left--) identities.push(readIdentity(reader.string(), reader.string()));
  reader.end();
  return identities;
}

function readIdentity(blob: Uint8Array, commentBytes: Uint8Array): Identity {
  const comment = printable(new TextDecoder().decode(commentBytes.subarray(0, 400)), 100);
  try {
    const type = new SshReader(blob).text();
    return { blob, comment, key: PublicKey.from(`${type} ${encodeBase64(blob)}`), why: '' };
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return { blob, comment, key: undefined, why: error.message };
  }
}

/** A key that signs tokens. */
export type UsableIdentity = Identity & { readonly key: PublicKey };

/**
 * Chooses a key.
 *
 * @param name - its fingerprint, thumbprint or kid; without one, the agent must have a single key that signs tokens
 * @throws SshAgentError `no_usable_key`, `several_keys` or `unknown_key`; the message lists the keys that there are
 */
export function chooseIdentity(identities: readonly Identity[], name: string | undefined): UsableIdentity {
  const usable = identities.filter((one): one is UsableIdentity => one.key !== undefined);
  if (identities.length === 0) {
    throw new SshAgentError(
      name === undefined ? 'no_usable_key' : 'unknown_key',
      'the ssh-agent has no keys; add one with `ssh-add`, or unlock it with `ssh-add -X` if it is locked',
    );
  }
  if (name !== undefined) {
    const found = usable.find(({ key }) => [key.fingerprint, key.thumbprint, key.kid].includes(name));
    if (found !== undefined) return found;
    throw new SshAgentError(
      'unknown_key',
      `the ssh-agent has no key of that name that signs tokens; ${listed(identities)}`,
    );
  }
  const [first, second] = usable;
  if (first === undefined) {
    throw new SshAgentError('no_usable_key', `the ssh-agent has no key that signs tokens; ${listed(identities)}`);
  }
  if (second !== undefined) {
    throw new SshAgentError(
      'several_keys',
      `the ssh-agent has several keys; name one, as ssh-agent:SHA256:…; ${listed(usable)}`,
    );
  }
  return first;
}

/** How many keys a message names. */
const LISTED = 20;

function listed(identities: readonly Identity[]): string {
  const lines = identities.slice(0, LISTED).map(({ key, comment, why }) => {
    const label = comment === '' ? '' : ` (${comment})`;
    return key === undefined ? `another${label}: ${why}` : `${key.fingerprint}${label}`;
  });
  const more = identities.length > LISTED ? ` and ${identities.length - LISTED} more` : '';
  return `it has ${lines.join(', ')}${more}`;
}
