/** Signs with a key in an ssh-agent: the private key never comes here (draft-miller-ssh-agent). */
import { verify } from '#engine';
import { type AlgorithmName, algorithm } from '../../core/algorithms.ts';
import type { Signer } from '../../core/contracts.ts';
import { checkOptions, type OptionKinds } from '../../core/options.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { concatBytes, sshString } from '../../keys/ssh-wire.ts';
import { SshAgentError } from './error.ts';
import { chooseIdentity, listIdentities, type UsableIdentity } from './identities.ts';
import { askAgent } from './request.ts';
import { readSignature, schemeOf } from './signature.ts';

export { SshAgentError, type SshAgentErrorCode } from './error.ts';

/** Which agent, and which of its keys. */
export interface SshAgentOptions {
  /** The key's fingerprint (`SHA256:…`), its JWK thumbprint or kid; default the only key in the agent that signs tokens. */
  readonly fingerprint?: string;
  /** Path of the agent's socket; default `SSH_AUTH_SOCK`. */
  readonly socket?: string;
}

const OPTIONS: OptionKinds<SshAgentOptions> = { fingerprint: 'text', socket: 'text' };

/** A key in an agent, as a signer. */
export interface SshAgentSigner extends Signer {
  readonly publicKey: PublicKey;
}

/**
 * Finds a key in an ssh-agent (draft-miller-ssh-agent), and signs with it: RSA as RS512, Ed25519, and ECDSA. Certificates and FIDO keys
 * do not sign tokens.
 *
 * Each signature is checked before it is used. There is no time limit on signing, as a person may have to confirm it.
 *
 * @param options - {@link SshAgentOptions}
 * @returns a signer whose `sign` rejects with an `SshAgentError`
 * @throws SshAgentError with a `code`; TypeError for a wrong option
 */
export async function sshAgentSigner(options: SshAgentOptions = {}): Promise<SshAgentSigner> {
  checkOptions(options, OPTIONS);
  const socket = options.socket ?? process.env.SSH_AUTH_SOCK;
  if (socket === undefined || socket === '') {
    throw new SshAgentError(
      'no_agent',
      'there is no ssh-agent: SSH_AUTH_SOCK is not set; start one with `eval "$(ssh-agent)"`',
    );
  }
  return new AgentKey(socket, chooseIdentity(await listIdentities(socket), options.fingerprint));
}

const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
/** Connections at once: an agent's queue of callers is short, and a person is asked one thing after the other. */
const MAX_CONNECTIONS = 4;

class AgentKey implements SshAgentSigner {
  readonly alg: AlgorithmName;
  readonly kid: string;
  readonly publicKey: PublicKey;
  readonly #socket: string;
  readonly #blob: Uint8Array;
  readonly #waiting: (() => void)[] = [];
  #connections = 0;

  constructor(socket: string, { key, blob }: UsableIdentity) {
    this.publicKey = key;
    this.kid = key.kid;
    this.alg = key.algorithms[0] as AlgorithmName;
    this.#socket = socket;
    this.#blob = blob;
  }

  /** @throws SshAgentError */
  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    // The caller may use its bytes for something else while the agent is waited for.
    const message = Uint8Array.from(bytes);
    if (this.#connections === MAX_CONNECTIONS) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#connections++;
    try {
      return await this.#ask(message);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#connections--;
      else next();
    }
  }

  async #ask(message: Uint8Array): Promise<Uint8Array> {
    const { flags } = schemeOf(this.publicKey);
    const content = concatBytes(sshString(this.#blob), sshString(message), Uint8Array.of(0, 0, 0, flags));
    const answer = await askAgent({ socket: this.#socket, type: SIGN_REQUEST, content, answer: SIGN_RESPONSE });
    if (answer === undefined) {
      throw new SshAgentError(
        'refused',
        'the ssh-agent refuses to sign: it was not confirmed, the agent is locked, or the key was removed; see `ssh-add -l`',
      );
    }
    const signature = readSignature(answer, this.publicKey);
    const text = String.fromCharCode(...message);
    if (!verify(algorithm(this.alg), this.publicKey.handle, text, signature)) {
      throw new SshAgentError('bad_answer', 'the signature of the ssh-agent does not fit its own key');
    }
    return signature;
  }
}
