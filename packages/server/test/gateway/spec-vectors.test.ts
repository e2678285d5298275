/** The vectors of spec/vectors over HTTP, as forward-auth requests to the gateway. */
import type { AddressInfo } from 'node:net';
import { Connection } from 'ajwt-testkit/connection';
import { runSpecVectors, type VectorRequest } from 'ajwt-testkit/spec-vectors';
import { pino } from 'pino';
import { describe } from 'vitest';
import { createGateway } from '../../src/gateway/gateway.ts';
import { overloadLog } from '../../src/gateway/overload.ts';
import { Probes } from '../../src/gateway/probes.ts';

const log = pino({ enabled: false });
const config = {
  isTrustedProxy: () => true,
  userHeader: 'X-Auth-User',
  keyHeader: 'X-Auth-Key',
  undecided: { inAll: 1000, perAddress: 1000 },
  requireReport: [],
  forwardAuthBody: 'none' as const,
};

/** Returns the forward-auth request that a proxy sends for a vector's request. */
function requestOf({ authorization, method, target }: VectorRequest): Buffer {
  const values = authorization === null ? [] : [authorization].flat();
  const lines = [
    'GET /.ajwt/auth HTTP/1.1',
    'Host: x',
    `X-Forwarded-Method: ${method}`,
    `X-Forwarded-Uri: ${target}`,
    ...values.map((value) => `Authorization: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

function cannotSend({ authorization, body }: VectorRequest): string | undefined {
  if (body !== undefined) return 'forward-auth does not see the body';
  for (const value of [authorization ?? []].flat()) {
    if (/[^\t\x20-\x7e]/.test(value)) return 'HTTP libraries decode these bytes differently, or refuse them';
    if (value !== value.trim()) return 'HTTP removes whitespace around a value';
  }
  return undefined;
}

describe('every vector has the expected outcome over HTTP', () => {
  runSpecVectors({
    cannotSend,
    // The gateway responds with 503 instead of 429, because proxies turn other statuses into errors.
    expected: (one) => (!one.ok && one.status === 429 ? { ...one, status: 503 } : one),
    async open(auth) {
      const { server } = createGateway({
        probes: new Probes(),
        auth,
        proxy: undefined,
        jwks: undefined,
        config,
        overloads: overloadLog(log),
        finished: () => {},
        log,
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const connection = await Connection.open((server.address() as AddressInfo).port);
      return {
        async send(request) {
          connection.write(requestOf(request));
          const answer = await connection.answer();
          if (answer.status === 200) {
            return { ok: true, username: decodeURIComponent(answer.header('x-auth-user') ?? '') };
          }
          const error = (JSON.parse(answer.text) as { error?: string }).error ?? null;
          return { ok: false, status: answer.status, error };
        },
        async close() {
          connection.socket.destroy();
          await new Promise((done) => server.close(done));
        },
      };
    },
  });
});
