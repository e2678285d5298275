/**
 * Signs with a key in an ssh-agent (draft-miller-ssh-agent). Use it if the callers are people, who can unlock their keys there and confirm
 * each use. The private key stays in the agent.
 */
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

/** Options of {@link sshAgentSigner}. */
export interface SshAgentOptions {
  /** The key's fingerprint (`SHA256:…`), JWK thumbprint or kid. Default: the only key in the agent that can sign tokens. */
  readonly fingerprint?: string;
  /** The path of the agent's socket. Default: the value of the environment variable `SSH_AUTH_SOCK`. */
  readonly socket?: string;
}

const OPTIONS: OptionKinds<SshAgentOptions> = { fingerprint: 'text', socket: 'text' };

/** A signer whose key is in an agent. */
export interface SshAgentSigner extends Signer {
  readonly publicKey: PublicKey;
}

/**
 * Makes a signer for a key in an ssh-agent (draft-miller-ssh-agent). The key can be an RSA key, which signs with RS512, an Ed25519 key or
 * an ECDSA key. Certificates and FIDO keys cannot sign tokens.
 *
 * The signer verifies each signature before it returns it. Signing has no time limit, because a person may have to confirm it.
 *
 * @param options - {@link SshAgentOptions}
 * @returns a signer whose `sign` rejects with an `SshAgentError`
 * @throws SshAgentError with a `code`; TypeError for an unknown or invalid option
 * @example
 * ```ts no-run: needs an ssh-agent
 * import { createSignedFetch } from 'asymmetric-jwt-auth/client';
 * import { sshAgentSigner } from 'asymmetric-jwt-auth/ssh-agent';
 *
 * const key = await sshAgentSigner({ fingerprint: 'SHA256:3Vb0zrNMcOqSFnOXZzUU2Qp0FXcSrG4jQ2Uj0o0sYHk' });
 * const api = createSignedFetch({ username: 'guido', key });
 * const response = await api('https://api.example.com/me');
 * console.log(response.status); // 200
 * ```
 */
export async function sshAgentSigner(options: SshAgentOptions = {}): Promise<SshAgentSigner> {
  checkOptions(options, OPTIONS);
  const socket = options.socket ?? process.env.SSH_AUTH_SOCK;
  if (socket === undefined || socket === '') {
    throw new SshAgentError('no_agent', 'SSH_AUTH_SOCK is not set; start an ssh-agent with `eval "$(ssh-agent)"`');
  }
  return new AgentKey(socket, chooseIdentity(await listIdentities(socket), options.fingerprint));
}

const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
/** Maximum number of open connections. An agent's queue is short, and a person confirms requests one after another. */
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
    // Copy the bytes, because the caller may overwrite them while the agent signs.
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
    const response = await askAgent({ socket: this.#socket, type: SIGN_REQUEST, content, responseType: SIGN_RESPONSE });
    if (response === undefined) {
      throw new SshAgentError(
        'refused',
        'the ssh-agent refuses to sign: the request was not confirmed, the agent is locked, or the key was removed; see `ssh-add -l`',
      );
    }
    const signature = readSignature(response, this.publicKey);
    const text = String.fromCharCode(...message);
    if (!verify(algorithm(this.alg), this.publicKey.handle, text, signature)) {
      throw new SshAgentError('bad_answer', 'the signature of the ssh-agent does not match its key');
    }
    return signature;
  }
}
