/** Sends prepared requests over keep-alive connections, one after the other on each, and counts what was answered 200. */
import { connect } from 'node:net';

/**
 * @param requests - the bytes of each request; answers have no body
 * @returns requests a second, and how many were answered 200
 */
export async function load(
  port: number,
  requests: readonly Buffer[],
  connections: number,
): Promise<{ readonly rate: number; readonly accepted: number }> {
  let next = 0;
  let accepted = 0;
  const start = performance.now();
  async function work(): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => resolve());
      let received = '';
      const send = () => {
        const request = requests[next++];
        if (request === undefined) socket.end();
        else socket.write(request);
      };
      socket.on('connect', send);
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        if (!received.endsWith('\r\n\r\n')) return;
        if (received.startsWith('HTTP/1.1 200 ')) accepted += 1;
        received = '';
        send();
      });
    });
  }
  await Promise.all(Array.from({ length: connections }, work));
  return { rate: (requests.length / (performance.now() - start)) * 1000, accepted };
}
