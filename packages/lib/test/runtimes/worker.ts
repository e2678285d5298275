/** A Worker that runs the suite, and one authenticator for all of its requests. */
import {
  cachedKeyStore,
  createAuthenticator,
  type KeyStore,
  memoryKeyStore,
  memoryNonceStore,
  PublicKey,
} from 'asymmetric-jwt-auth';
import { webAuth } from 'asymmetric-jwt-auth/web';
import { LOCAL_KEY, runSuite } from './suite.ts';

const keys = memoryKeyStore();
keys.addKey('guido', PublicKey.from({ kty: LOCAL_KEY.kty, crv: LOCAL_KEY.crv, x: LOCAL_KEY.x }));
/** The URL that a lookup of a key waits for. */
let gate: string | undefined;
const slow: KeyStore<unknown> = {
  async find(username, hint) {
    if (gate !== undefined) await (await fetch(gate)).text();
    return keys.find(username, hint);
  },
};
const make = (store: KeyStore<unknown>) => {
  return webAuth(createAuthenticator({ keys: store, nonces: memoryNonceStore() })).protect(
    (_, { username }) => new Response(username),
  );
};
/** Made by the first request, because workerd allows no random values outside of requests, and `memoryNonceStore` needs some. */
let handlers: Readonly<Record<string, ReturnType<typeof make>>> | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/suite') return Response.json(await runSuite(searchParams.get('api') as string));
    if (pathname === '/gate') {
      gate = searchParams.get('url') ?? undefined;
      return new Response('set');
    }
    handlers ??= { '/plain': make(slow), '/cached': make(cachedKeyStore(slow)) };
    return (handlers[pathname] as ReturnType<typeof make>)(request);
  },
};
