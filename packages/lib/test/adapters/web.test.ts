import { createServer, type IncomingMessage } from 'node:http';
import { webAuth } from 'asymmetric-jwt-auth/web';
import { adapterSuite } from './suite.ts';

adapterSuite('webAuth', ({ auth, optional, require }) => {
  const web = webAuth(auth, { require });
  const handler = optional
    ? web.optional((_request, identity) =>
        Response.json(identity === undefined ? null : { username: identity.username, email: identity.user.email }),
      )
    : web.protect((_request, { username, user }) => Response.json({ username, email: user.email }));

  return createServer(async (incoming, outgoing) => {
    const response = await handler(toRequest(incoming));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(await response.text());
  });
});

/** Makes a Request as web platforms do: repeated headers are joined. */
function toRequest(incoming: IncomingMessage): Request {
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] as string, incoming.rawHeaders[index + 1] as string);
  }
  return new Request(`http://${incoming.headers.host}${incoming.url}`, { headers, method: incoming.method ?? 'GET' });
}
