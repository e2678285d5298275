import { elysiaAuth } from 'asymmetric-jwt-auth/elysia';
import type { AdapterFixture } from 'asymmetric-jwt-auth/testing';
import { type AnyElysia, Elysia, type ElysiaConfig } from 'elysia';

type User = { readonly username: string; readonly user: { readonly email: string } } | undefined;

/** Makes the application of the contract. @param config - names the platform */
export function makeApp(authenticator: Parameters<AdapterFixture['start']>[0], config: ElysiaConfig<''> = {}) {
  const [auth, optional] = [elysiaAuth(authenticator), elysiaAuth(authenticator, { optional: true })];
  const bound = elysiaAuth(authenticator, { require: ['htm', 'target'] });
  const bodyOf = (identity: User) =>
    Response.json(identity ? { username: identity.username, email: identity.user.email } : null);
  const api = new Elysia({ prefix: '/api' })
    .macro({ member: { resolve: auth } })
    .get('/me', ({ auth: sender }) => bodyOf(sender), { member: true })
    .group('', (group) => group.derive(optional).get('/optional', ({ auth: sender }) => bodyOf(sender)))
    .group('', (group) => group.derive(bound).get('/bound', ({ request }) => bodyOf(bound.identity(request))))
    .group('', (group) =>
      group
        .derive(auth)
        .resolve(auth)
        .get('/twice', ({ auth: sender }) => bodyOf(sender)),
    )
    .group('', (group) =>
      group
        .derive(optional)
        .derive(bound)
        .get('/optional-then-bound', ({ auth: sender }) => bodyOf(sender)),
    );
  return new Elysia(config).use(api).get('/open', ({ request }) => {
    try {
      return auth.identity(request).username;
    } catch (error) {
      return Response.json((error as Error).message);
    }
  });
}

/** The server that `listen()` of `@elysiajs/node` starts. */
interface NodeServer {
  readonly raw: { readonly url: string; ready(): Promise<unknown>; close(isForced: boolean): Promise<void> };
}

/** Runs an application on Node. */
export async function listenOnNode(app: AnyElysia) {
  const { raw } = await new Promise<NodeServer>((resolve) => {
    app.listen({ port: 0, hostname: '127.0.0.1' }, (server: unknown) => resolve(server as NodeServer));
  });
  await raw.ready();
  return { url: new URL(raw.url).origin, close: () => raw.close(true) };
}
