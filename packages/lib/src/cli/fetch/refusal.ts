/** Explains the refusal of a token, in one line. */
import type { IncomingMessage } from 'node:http';
import { printable } from '../../core/printable.ts';
import type { PublicKey } from '../../keys/public-key.ts';
import { duration } from '../duration.ts';

/** Maximum length of a problem body, in bytes. */
export const MAX_PROBLEM = 16_384;

/** A response that may be a refusal (RFC 9457, RFC 9110 §11.6.1), and the identity that signed the request. */
export interface RefusedResponse {
  readonly response: IncomingMessage;
  /** The beginning of the body. */
  readonly body: string;
  readonly username: string;
  readonly publicKey: PublicKey;
  /** Whether the request was sent with `--bind`. */
  readonly isBound: boolean;
  /** Seconds since the epoch when the response arrived, by the local clock. */
  readonly now: number;
}

/** Formats the line. @returns `undefined` if the response does not refuse the token */
export function refusalLine(refused: RefusedResponse): string | undefined {
  if (!mayBeRefusal(refused.response)) return undefined;
  const { statusCode: status = 0 } = refused.response;
  const { error, detail } = readProblem(refused.body);
  if (detail === undefined || (error === undefined && status !== 401)) return undefined;
  return `${status}${error === undefined ? '' : ` ${error}`}: ${adviceFor(error, refused) ?? detail}${bindAdvice(error, refused)}`;
}

/** Returns whether a response may refuse the token. Only the response body shows whether it does. */
export function mayBeRefusal({ statusCode = 0, headers }: IncomingMessage): boolean {
  return STATUSES.includes(statusCode) && PROBLEM.test(headers['content-type'] ?? '');
}

const STATUSES = [401, 429, 503];
const PROBLEM = /^application\/problem\+json\b/i;

function readProblem(body: string): { error?: string | undefined; detail?: string | undefined } {
  try {
    const { error, detail } = JSON.parse(body) as { error?: unknown; detail?: unknown };
    const text = (value: unknown) => (typeof value === 'string' ? printable(value, 300) : undefined);
    return { error: text(error), detail: text(detail) };
  } catch {
    return {};
  }
}

/** Returns advice that only the client can give. */
function adviceFor(
  error: string | undefined,
  { response, username, publicKey, now }: RefusedResponse,
): string | undefined {
  if (error === 'invalid_token') {
    return `token not accepted; check that the server has this key registered for this user: ${printable(username)}, ${publicKey.fingerprint}`;
  }
  if (error !== 'stale_time') return undefined;
  const challenge = response.headers['www-authenticate'] ?? '';
  const serverTime = numberIn(challenge, 'server_time');
  if (serverTime === undefined) return undefined;
  const apart = Math.abs(serverTime - now);
  const tolerance = numberIn(challenge, 'tolerance') ?? 0;
  if (apart <= tolerance) return `the local clock and the server's differ by only ${duration(apart)}; try again`;
  const direction = serverTime > now ? 'behind' : 'ahead of';
  return `the local clock is ${duration(apart)} ${direction} the server's (tolerance: ${tolerance} s); set the local clock`;
}

function bindAdvice(error: string | undefined, { isBound }: RefusedResponse): string {
  return error === 'binding_required' && !isBound ? ' Add --bind, which binds aud, htm and target.' : '';
}

function numberIn(challenge: string, parameter: string): number | undefined {
  const value = new RegExp(`\\b${parameter}="(\\d{1,12}(?:\\.\\d{1,9})?)"`).exec(challenge)?.[1];
  return value === undefined ? undefined : Number(value);
}
