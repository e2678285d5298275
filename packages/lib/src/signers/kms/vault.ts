/** Signs with keys in the transit engine of HashiCorp Vault or OpenBao, over its HTTP API. */
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

/** Options of {@link vaultSigner}. */
export interface VaultSignerOptions {
  /** The URL of Vault, such as `https://vault.example.com:8200`. `http` is accepted only for the loopback interface. */
  readonly address: string;
  /** The token, or a function that returns it. The function is called before each signature, because tokens expire. */
  readonly token: string | (() => MaybePromise<string>);
  /** The name of the key. */
  readonly name: string;
  /** The public key of the version that signs. */
  readonly publicKey: PublicKey;
  /** The version of the key. Default: the latest version, which changes with each rotation. */
  readonly version?: number;
  /** One of the public key's algorithms. Default: the first. */
  readonly alg?: AlgorithmName;
  /** The path at which the transit engine is mounted. Default: `transit`. */
  readonly mount?: string;
  /** The namespace, in Vault Enterprise. */
  readonly namespace?: string;
  /** Seconds to wait for the whole response, 0.1 to 300. Default: 10. */
  readonly timeoutSeconds?: number;
  /** The `fetch` that sends the requests. Default: the global one. */
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
  timeoutSeconds: 'any',
  fetch: 'function',
};

/**
 * Makes a signer for a key in Vault's transit engine. The key must have the type `rsa-*`, `ecdsa-*` or `ed25519`.
 *
 * @param options - {@link VaultSignerOptions}
 * @returns a signer whose `sign` rejects with a `KmsError`
 * @throws TypeError for an unknown or invalid option
 * @example
 * ```ts no-run: needs Vault
 * import { readFile } from 'node:fs/promises';
 * import { PublicKey } from 'asymmetric-jwt-auth';
 * import { createSignedFetch } from 'asymmetric-jwt-auth/client';
 * import { vaultSigner } from 'asymmetric-jwt-auth/kms';
 *
 * const key = vaultSigner({
 *   address: 'https://vault.example.com:8200',
 *   token: () => readFile('/run/secrets/vault-token', 'utf8'),
 *   name: 'guido',
 *   publicKey: PublicKey.from(await readFile('guido.pub.pem', 'utf8')),
 * });
 * const response = await createSignedFetch({ username: 'guido', key })('https://api.example.com/me');
 * console.log(response.status); // 200
 * ```
 */
export function vaultSigner(options: VaultSignerOptions): KmsSigner {
  checkOptions(options, OPTIONS);
  const { token, publicKey, alg, version, namespace } = options;
  const isToken = typeof token === 'function' || (typeof token === 'string' && token !== '');
  checkArgument(isToken, 'option token', 'a non-empty string, or a function that returns one', token);
  const isVersion = version === undefined || (Number.isInteger(version) && version > 0);
  checkArgument(isVersion, 'option version', 'a whole number above zero', version);
  const url = signUrl(options);
  const timeoutSeconds = numberOption('timeoutSeconds', options.timeoutSeconds, 10, 0.1, 300, 'seconds');
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
      return readSignature(await askVault({ url, headers, body, timeoutSeconds, fetch: fetchOption }));
    },
  });
}

/** Removes the newline at the end of token files. Refuses an invalid token, because the error of fetch would reveal it. */
function readToken(given: string): string {
  const token = given.trim();
  if (!/^[!-~]+$/.test(token))
    throw new KmsError('not_signed', 'the token for Vault must be a single non-empty word in ASCII');
  return token;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

function signUrl({ address, mount = 'transit', name }: VaultSignerOptions): string {
  checkString('option name', name);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url === undefined || !isSafe || url.username !== '' || url.password !== '' || url.search + url.hash !== '') {
    throw new TypeError(
      'option address: must be an https URL without a username, a password or a query; the token is sent there',
    );
  }
  const parts = [...mount.split('/'), 'sign', name];
  // `..` and empty parts would change the path.
  if (parts.some((part) => /^\.{0,2}$/.test(part)))
    throw new TypeError('options mount and name: must not have empty parts, . or ..');
  return `${url.href.replace(/\/$/, '')}/v1/${parts.map(encodeURIComponent).join('/')}`;
}

/**
 * Makes the body of a request. It contains the text itself, because Ed25519 needs it and Vault can compute the hash for other algorithms.
 */
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

/** Reads a signature, which is `vault:v1:` followed by base64url. Vault uses base64url for the marshaling algorithm `jws`. */
function readSignature(json: unknown): Uint8Array {
  const text = (json as { data?: { signature?: unknown } } | null)?.data?.signature;
  const found = typeof text === 'string' ? /^[^:]+:v\d+:([\w-]+)$/.exec(text)?.[1] : undefined;
  const signature = found === undefined ? undefined : decodeBase64url(found);
  if (signature === undefined) throw new KmsError('bad_answer', 'the response of Vault has no signature in base64url');
  return signature;
}
