/** Makes tokens: the compat profile of spec/PROTOCOL.md §1, with request binding where asked for. */
import { asciiBytes, encodeBytes, encodeText, randomText } from '#engine';
import { checkArgument, hasMethod } from '../core/arguments.ts';
import { type Bind, isBind } from '../core/bind.ts';
import { isUsername } from '../core/claims.ts';
import type { Signer } from '../core/contracts.ts';
import { encodeHeader } from '../core/header.ts';
import { andThen } from '../core/maybe-promise.ts';
import { checkOptions, type OptionKinds, readClock, wallClock } from '../core/options.ts';

/** What to sign, and with what. */
export interface TokenOptions {
  readonly username: string;
  /** A `PrivateKey`, or any other signer. */
  readonly key: Signer;
  /** What the token is restricted to. Servers that do not know `bind` ignore it, unless `sendAudClaim` is set. */
  readonly bind?: Omit<Bind, 'v'>;
  /** Also sends `bind.aud` as the registered claim `aud`, so that a server that ignores `bind` refuses the token. */
  readonly sendAudClaim?: boolean;
  /** Seconds since the epoch; default the wall clock. */
  readonly now?: () => number;
}

const OPTIONS: OptionKinds<TokenOptions> = {
  username: 'any',
  key: 'any',
  bind: 'object',
  sendAudClaim: 'boolean',
  now: 'function',
};

/** Random bytes of a nonce: 128 bits. */
const NONCE_BYTES = 16;

/**
 * Signs a token for one request.
 *
 * @param options - {@link TokenOptions}
 * @returns the compact JWS (RFC 7515 §7.1), good once and for the server's tolerance (20 s by default)
 * @throws TypeError for an option that is unknown or out of its range; whatever the signer throws
 */
export async function createToken(options: TokenOptions): Promise<string> {
  return makeToken(readTokenOptions(options), '');
}

/**
 * Signs a token and gives the value of the `Authorization` header (RFC 9110 §11.6.2).
 *
 * @param options - {@link TokenOptions}
 * @returns `JWT eyJ…`
 * @throws as {@link createToken}
 */
export async function createAuthorization(options: TokenOptions): Promise<string> {
  return makeToken(readTokenOptions(options), SCHEME);
}

/** What stands before the token in the `Authorization` header. */
export const SCHEME = 'JWT ';

/** What a token says, checked. */
export interface TokenContent {
  readonly username: string;
  readonly key: Signer;
  readonly bind: Omit<Bind, 'v'> | undefined;
  readonly sendAudClaim: boolean;
  /** Seconds since the epoch. */
  readonly time: number;
}

/**
 * Signs a token with what {@link checkCaller} and {@link isBind} have been asked about. With a signer that answers at once, so does this.
 *
 * @param prefix - what stands before the token
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

/** @throws TypeError for a restriction that no server could hold the token to */
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

/** @throws TypeError for a username that no token can have, or something that is not a signer; the message names the option */
export function checkCaller(username: unknown, key: Signer): void {
  const a = 'a string of 1 to 600 bytes without control characters and outer white space';
  checkArgument(isUsername(username), 'option username', a, username);
  const isSigner = hasMethod(key, 'sign') && typeof key.alg === 'string' && typeof key.kid === 'string';
  checkArgument(isSigner, 'option key', 'a PrivateKey or another signer', key);
}

/** A signer's header never changes. */
const headers = new WeakMap<Signer, string>();

function headerOf(key: Signer): string {
  let header = headers.get(key);
  if (header === undefined) {
    header = encodeHeader(key.alg, key.kid);
    headers.set(key, header);
  }
  return header;
}
