import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { type AuthContext, type ServerContext, useAuth } from './use-auth.ts';

const yoga = createYoga<ServerContext, AuthContext>({
  schema: createSchema<ServerContext & AuthContext>({
    typeDefs: 'type Query { email: String! }',
    resolvers: { Query: { email: (_parent, _args, { caller }) => caller.user.email } },
  }),
  plugins: [useAuth()],
});

createServer(yoga).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
