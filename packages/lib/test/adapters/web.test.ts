import { createServer, type IncomingMessage } from 'node:http';
import type { AdapterFixture } from 'asymmetric-jwt-auth/testing';
import { webAuth } from 'asymmetric-jwt-auth/web';
import { bodyOf, describeAdapter, messageOf } from './contract.ts';
import { serve } from './serve.ts';

const start: AdapterFixture['start'] = (authenticator) => {
  const auth = webAuth(authenticator);
  const bound = webAuth(authenticator, { require: ['htm', 'target'] });
  const me = auth.protect((request) => Response.json(bodyOf(auth.identity(request))));
  const routes: Readonly<Record<string, (request: Request) => Promise<Response> | Response>> = {
    '/api/me': me,
    '/api/optional': auth.optional((request) => Response.json(bodyOf(auth.identityOrUndefined(request)))),
    '/api/bound': bound.protect((_request, identity) => Response.json(bodyOf(identity))),
    '/api/twice': auth.protect((request) => me(request)),
    '/api/optional-then-bound': auth.optional((request) =>
      bound.protect((_request, identity) => Response.json(bodyOf(identity)))(request),
    ),
    '/open': (request) => Response.json(messageOf(() => auth.identity(request))),
  };
  return serve(
    createServer(async (incoming, outgoing) => {
      const request = toRequest(incoming);
      const response = (await routes[new URL(request.url).pathname]?.(request)) ?? new Response(null, { status: 404 });
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(await response.text());
    }),
  );
};

// A Request does not contain the address of its sender.
describeAdapter('webAuth', { start, hasAddress: false });

/** Makes a Request as web platforms do: repeated headers are joined. */
function toRequest(incoming: IncomingMessage): Request {
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] as string, incoming.rawHeaders[index + 1] as string);
  }
  return new Request(`http://${incoming.headers.host}${incoming.url}`, { headers, method: incoming.method ?? 'GET' });
}
