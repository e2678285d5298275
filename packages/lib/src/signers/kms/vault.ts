/** Keys in the transit engine of HashiCorp Vault or OpenBao, over its HTTP API. */
import type { AlgorithmName } from '../../core/algorithms.ts';
import { algorithm } from '../../core/algorithms.ts';
import { checkArgument, checkString } from '../../core/arguments.ts';
import { decodeBase64url } from '../../core/base64url.ts';
import type { MaybePromise } from '../../core/contracts.ts';
import { checkOptions, numberOption, type OptionKinds } from '../../core/options.ts';
import { encodeBase64 } from '../../keys/base64.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { KmsError } from './error.ts';
import { type KmsRequest, type KmsSigner, kmsSigner } from './signer.ts';
import { askVault } from './vault-request.ts';

/** Which key of Vault. */
export interface VaultSignerOptions {
  /** Where Vault is, `https://vault.example.com:8200`; `http` for the loopback interface alone. */
  readonly address: string;
  /** Its token, or what gives it: asked before each signature, as tokens expire. */
  readonly token: string | (() => MaybePromise<string>);
  /** Name of the key. */
  readonly name: string;
  /** The public half of its version. */
  readonly publicKey: PublicKey;
  /** Version of the key; default the latest, which is another one after a rotation. */
  readonly version?: number;
  /** One of the algorithms of the public key; default the first of them. */
  readonly alg?: AlgorithmName;
  /** Where the transit engine is mounted; default `transit`. */
  readonly mount?: string;
  /** Namespace of Vault Enterprise. */
  readonly namespace?: string;
  /** Seconds until the answer must be there, 0.1 to 300; default 10. */
  readonly timeout?: number;
  /** Default the global one. */
  readonly fetch?: typeof fetch;
}

const OPTIONS: OptionKinds<VaultSignerOptions> = {
  address: 'text',
  token: 'any',
  name: 'text',
  publicKey: 'object',
  version: 'any',
  alg: 'text',
  mount: 'text',
  namespace: 'text',
  timeout: 'any',
  fetch: 'function',
};

/**
 * Signs with a key in Vault's transit engine, of the type `rsa-*`, `ecdsa-*` or `ed25519`.
 *
 * @param options - {@link VaultSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for a wrong option
 */
export function vaultSigner(options: VaultSignerOptions): KmsSigner {
  checkOptions(options, OPTIONS);
  const { token, publicKey, alg, version, namespace } = options;
  const isToken = typeof token === 'function' || (typeof token === 'string' && token !== '');
  checkArgument(isToken, 'option token', 'a non-empty string, or a function that returns one', token);
  const isVersion = version === undefined || (Number.isInteger(version) && version > 0);
  checkArgument(isVersion, 'option version', 'a whole number above zero', version);
  const url = signUrl(options);
  const timeout = numberOption('timeout', options.timeout, 10, 0.1, 300, 'seconds');
  const fetchOption = options.fetch ?? fetch;
  return kmsSigner({
    publicKey,
    ...(alg === undefined ? {} : { alg }),
    async sign(request) {
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'x-vault-request': 'true',
        'x-vault-token': readToken(typeof token === 'function' ? await token() : token),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      };
      const body = JSON.stringify({ ...bodyOf(request), ...(version === undefined ? {} : { key_version: version }) });
      return readSignature(await askVault({ url, headers, body, timeout, fetch: fetchOption }));
    },
  });
}

/** Files of tokens end with a newline. What fetch says of another token would repeat it. */
function readToken(given: string): string {
  const token = given.trim();
  if (!/^[!-~]+$/.test(token))
    throw new KmsError('not_signed', 'the token for Vault is empty, or not one word of ASCII');
  return token;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

function signUrl({ address, mount = 'transit', name }: VaultSignerOptions): string {
  checkString('option name', name);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url === undefined || !isSafe || url.username !== '' || url.password !== '' || url.search + url.hash !== '') {
    throw new TypeError(
      'option address: must be an https URL, without a name, a password, or a query; its token goes there',
    );
  }
  const parts = [...mount.split('/'), 'sign', name];
  // `..` would lead to another path, and an empty part to none.
  if (parts.some((part) => /^\.{0,2}$/.test(part))) throw new TypeError('options mount and name: must be names');
  return `${url.href.replace(/\/$/, '')}/v1/${parts.map(encodeURIComponent).join('/')}`;
}

/** The text itself is sent, as Ed25519 needs it, and Vault hashes it for the others. */
function bodyOf({ alg, bytes }: KmsRequest) {
  const { hash, keyType, pss } = algorithm(alg);
  return {
    input: encodeBase64(bytes),
    marshaling_algorithm: 'jws',
    ...(hash === null ? {} : { hash_algorithm: hash.replace('sha', 'sha2-') }),
    ...(keyType === 'rsa' ? { signature_algorithm: pss ? 'pss' : 'pkcs1v15' } : {}),
    ...(pss ? { salt_length: 'hash' } : {}),
  };
}

/** `vault:v1:…` and then base64url, as `jws` has it. */
function readSignature(answer: unknown): Uint8Array {
  const text = (answer as { data?: { signature?: unknown } } | null)?.data?.signature;
  const found = typeof text === 'string' ? /^[^:]+:v\d+:([\w-]+)$/.exec(text)?.[1] : undefined;
  const signature = found === undefined ? undefined : decodeBase64url(found);
  if (signature === undefined) throw new KmsError('bad_answer', 'Vault answers without a signature in base64url');
  return signature;
}
