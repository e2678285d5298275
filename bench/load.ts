/** Sends prepared requests over keep-alive connections. Each connection waits for a response before the next request. */
import { connect } from 'node:net';

/**
 * Sends all requests.
 *
 * @param requests - the bytes of each request; responses must have no body
 * @returns requests a second
 * @throws Error if a response is not a 200
 */
export async function load(port: number, requests: readonly Buffer[], connections: number): Promise<number> {
  let next = 0;
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
        if (!received.includes('\r\n\r\n')) return;
        if (!received.startsWith('HTTP/1.1 200 ')) socket.destroy(new Error(received));
        received = '';
        send();
      });
    });
  }
  await Promise.all(Array.from({ length: connections }, work));
  return (requests.length / (performance.now() - start)) * 1000;
}
