/** A proxy that records the tokens it forwards, like an eavesdropper. */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running proxy. */
export interface Recorder {
  readonly url: string;
  /** Values of `Authorization`, in order of arrival. */
  readonly heard: string[];
  stop(): void;
}

/** Starts a recorder in front of a server. */
export async function startRecorder(target: string): Promise<Recorder> {
  const heard: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url = '', headers } = incoming;
    heard.push(headers.authorization ?? '');
    incoming.pipe(
      send(target + url, { method, headers, agent: false }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
