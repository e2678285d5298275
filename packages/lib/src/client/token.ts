/** Makes tokens of the compat profile (spec/PROTOCOL.md §1), optionally with request binding. */
import { asciiBytes, encodeBytes, encodeText, randomText } from '#engine';
import { checkArgument, hasMethod } from '../core/arguments.ts';
import { type Bind, isBind } from '../core/bind.ts';
import { isUsername } from '../core/claims.ts';
import type { Signer } from '../core/contracts.ts';
import { encodeHeader } from '../core/header.ts';
import { andThen } from '../core/maybe-promise.ts';
import { checkOptions, type OptionKinds, readClock, wallClock } from '../core/options.ts';

/** Options of {@link createToken} and {@link createAuthorization}. */
export interface TokenOptions {
  readonly username: string;
  /** A `PrivateKey`, or another signer. */
  readonly key: Signer;
  /** What the token is bound to. A server that does not support `bind` ignores it; with `sendAudClaim`, such a server refuses the token. */
  readonly bind?: Omit<Bind, 'v'>;
  /** Also sends `bind.aud` as the registered claim `aud`, so that a server that ignores `bind` refuses the token. */
  readonly sendAudClaim?: boolean;
  /** Returns the current time in seconds since the epoch. Default: the wall clock. */
  readonly now?: () => number;
}

const OPTIONS: OptionKinds<TokenOptions> = {
  username: 'any',
  key: 'any',
  bind: 'object',
  sendAudClaim: 'boolean',
  now: 'function',
};

/** Number of random bytes in a nonce: 128 bits. */
const NONCE_BYTES = 16;

/**
 * Signs a token for one request.
 *
 * @param options - {@link TokenOptions}
 * @returns the compact JWS (RFC 7515 §7.1). It works once, within the server's tolerance (20 s by default).
 * @throws TypeError for an unknown or invalid option; any error of the signer
 * @example
 * ```ts
 * import { createToken, PrivateKey } from 'asymmetric-jwt-auth/client';
 *
 * const key = await PrivateKey.generate();
 * const token = await createToken({ username: 'guido', key, bind: { aud: 'https://api.example.com' } });
 * console.log(token); // eyJ…
 * ```
 */
export async function createToken(options: TokenOptions): Promise<string> {
  return makeToken(readTokenOptions(options), '');
}

/**
 * Signs a token for one request and returns it as the value of the `Authorization` header (RFC 9110 §11.6.2).
 *
 * @param options - {@link TokenOptions}
 * @returns `JWT eyJ…`
 * @throws the same errors as {@link createToken}
 * @example
 * ```ts
 * import { createAuthorization, PrivateKey } from 'asymmetric-jwt-auth/client';
 *
 * const key = await PrivateKey.generate();
 * const authorization = await createAuthorization({ username: 'guido', key });
 * console.log(authorization); // JWT eyJ…
 * ```
 */
export async function createAuthorization(options: TokenOptions): Promise<string> {
  return makeToken(readTokenOptions(options), SCHEME);
}

/** The prefix of the token in the `Authorization` header. */
export const SCHEME = 'JWT ';

/** The checked content of a token. */
export interface TokenContent {
  readonly username: string;
  readonly key: Signer;
  readonly bind: Omit<Bind, 'v'> | undefined;
  readonly sendAudClaim: boolean;
  /** Seconds since the epoch. */
  readonly time: number;
}

/**
 * Signs a token whose content {@link checkCaller} and {@link isBind} have accepted. Returns a string if the signer returns bytes, and a
 * promise if the signer returns a promise.
 *
 * @param prefix - put before the token
 */
export function makeToken(
  { username, key, bind, sendAudClaim, time }: TokenContent,
  prefix: string,
): string | Promise<string> {
  const claims = { username, time: Math.floor(time), nonce: randomText(NONCE_BYTES) };
  const payload =
    bind === undefined
      ? claims
      : { ...claims, bind: { v: 1, ...bind }, ...(sendAudClaim ? { aud: bind.aud } : undefined) };
  const signingInput = `${headerOf(key)}.${encodeText(JSON.stringify(payload))}`;
  return andThen(key.sign(asciiBytes(signingInput)), (bytes) => `${prefix}${signingInput}.${encodeBytes(bytes)}`);
}

function readTokenOptions(options: TokenOptions): TokenContent {
  checkOptions(options, OPTIONS);
  const { username, key, bind, sendAudClaim = false, now = wallClock } = options;
  checkCaller(username, key);
  if (bind !== undefined) checkBind(bind);
  if (sendAudClaim && bind?.aud === undefined) throw new TypeError('option sendAudClaim: needs bind.aud');
  return { username, key, bind, sendAudClaim, time: readClock(now) };
}

/** @throws TypeError for a binding that no server could check */
function checkBind(bind: Omit<Bind, 'v'>): void {
  if (!isBind({ v: 1, ...bind })) {
    throw new TypeError('option bind: may have the members aud, htm, target and digest; each must be a string');
  }
  const { target = '*', digest } = bind;
  if (!/^(?:\/|\*$)/.test(target)) throw new TypeError('option bind: target must begin with /');
  if (digest !== undefined && !/^[\w-]{43}$/.test(digest)) {
    throw new TypeError('option bind: digest must be the SHA-256 of the body in base64url');
  }
}

/** @throws TypeError for a username that no token can have, or a key that is not a signer; the message names the option */
export function checkCaller(username: unknown, key: Signer): void {
  const a = 'a string of 1 to 600 bytes without control characters and outer white space';
  checkArgument(isUsername(username), 'option username', a, username);
  const isSigner = hasMethod(key, 'sign') && typeof key.alg === 'string' && typeof key.kid === 'string';
  checkArgument(isSigner, 'option key', 'a PrivateKey or another signer', key);
}

/** Caches the first segment of tokens, which is the same for every token of a signer. */
const headers = new WeakMap<Signer, string>();

function headerOf(key: Signer): string {
  let header = headers.get(key);
  if (header === undefined) {
    header = encodeHeader(key.alg, key.kid);
    headers.set(key, header);
  }
  return header;
}
