import type { IncomingMessage } from 'node:http';
import type { Identity } from 'asymmetric-jwt-auth';
import { nodeAuth } from 'asymmetric-jwt-auth/node';
import { refusalResponse } from 'asymmetric-jwt-auth/web';
import type { Plugin } from 'graphql-yoga';
import { authenticator } from './authenticator.ts';

/** What `createServer` passes to Yoga. */
export interface ServerContext {
  req: IncomingMessage;
}

/** What `useAuth` adds to the context of resolvers. */
export interface AuthContext {
  caller: Identity<{ email: string }>;
}

const auth = nodeAuth(authenticator);

/** Refuses unauthenticated requests before Yoga reads them. */
export function useAuth(): Plugin<ServerContext & AuthContext, ServerContext> {
  return {
    async onRequest({ serverContext, endResponse }) {
      const result = await auth.authenticate(serverContext.req);
      if (!result.ok) endResponse(refusalResponse(result));
    },
    onContextBuilding({ context, extendContext }) {
      extendContext({ caller: auth.identity(context.req) });
    },
  };
}
