import type { Identity } from 'asymmetric-jwt-auth';
import { type AdapterFixture, type AdapterUser, adapterContract } from 'asymmetric-jwt-auth/testing';
import { describe, test } from 'vitest';

/** Runs the contract of adapters. */
export function describeAdapter(name: string, fixture: AdapterFixture): void {
  describe(`${name} meets the contract of adapters: it`, () => {
    for (const { name: what, run } of adapterContract(fixture)) test(what, run);
  });
}

/** Returns what the routes of the contract respond with. */
export function bodyOf(identity: Identity<AdapterUser> | undefined): object | null {
  return identity === undefined ? null : { username: identity.username, email: identity.user.email };
}

/** Returns the message of the error that a function throws. */
export function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}

/** Responds with the body of a request, or with status 400 if it is not the signed one. */
export async function echo(request: Request, { bodyVerified }: { bodyVerified: Promise<boolean> }): Promise<Response> {
  try {
    const bytes = await request.arrayBuffer();
    await bodyVerified;
    return new Response(bytes);
  } catch {
    return new Response(null, { status: 400 });
  }
}
