import type { IncomingMessage } from 'node:http';
import { initTRPC } from '@trpc/server';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { authenticator } from './authenticator.ts';

export const auth = nodeAuth(authenticator);

/** All procedures of a batch get the identity of its one request. */
export const createContext = ({ req }: { req: IncomingMessage }) => ({ caller: auth.identity(req) });

const t = initTRPC.context<typeof createContext>().create();

export const appRouter = t.router({
  me: t.procedure.query(({ ctx }) => ({ email: ctx.caller.user.email })),
});
