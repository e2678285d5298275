/** The checks that people write by hand around a JWT library: user, time and nonce. */
import { createPublicKey, type KeyObject } from 'node:crypto';

/** Accepted difference between a token's time and the clock, in seconds. */
const TOLERANCE = 20;

export interface Payload {
  readonly username: string;
  readonly time: number;
  readonly nonce: string;
}

/** Takes a nonce. Returns false if it was taken before. */
export type TakeNonce = (id: string) => boolean | Promise<boolean>;

/** Reads `JWT <token>`. */
export function tokenOf(header: string | undefined): string | undefined {
  return header?.startsWith('JWT ') ? header.slice(4) : undefined;
}

/** Decodes a payload without verifying it, to find the user's key. */
export function unverifiedUsername(token: string): string {
  const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Payload;
  return payload.username;
}

/** Checks time and nonce. */
export async function isFresh({ username, time, nonce }: Payload, take: TakeNonce): Promise<boolean> {
  return Math.abs(Date.now() / 1000 - time) <= TOLERANCE && (await take(`${username}:${time}:${nonce}`));
}

/** Keeps nonces in a `Map` and removes old ones every 10 seconds. */
export function nonceMap(): TakeNonce {
  const until = new Map<string, number>();
  setInterval(() => {
    const now = Date.now();
    for (const [id, end] of until) if (end < now) until.delete(id);
  }, 10_000).unref();
  return (id) => {
    if (until.has(id)) return false;
    until.set(id, Date.now() + 2 * TOLERANCE * 1000);
    return true;
  };
}

export function keyObjects(keys: ReadonlyMap<string, string>): Map<string, KeyObject> {
  return new Map([...keys].map(([name, pem]) => [name, createPublicKey(pem)]));
}
