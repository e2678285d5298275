/** Sends requests at a fixed rate, without waiting for earlier responses, and measures each latency. */
import { connect, type Socket } from 'node:net';

const CONNECTIONS = 64;

/**
 * @param requests - the bytes of each request; responses have no body
 * @param rate - requests a second
 * @returns the latency of each request in milliseconds, from its scheduled send time, so it includes waiting for a free connection
 * @throws Error if a response is not 200
 */
export async function latencies(port: number, requests: readonly Buffer[], rate: number): Promise<number[]> {
  const took: number[] = [];
  const idle: Socket[] = [];
  const sentFor = new Map<Socket, number>();
  const all = Promise.withResolvers<void>();
  let started = 0;

  function received(socket: Socket, text: string): void {
    if (!text.startsWith('HTTP/1.1 200 ')) all.reject(new Error(text));
    took.push(performance.now() - (sentFor.get(socket) as number));
    idle.push(socket);
    if (took.length === requests.length) all.resolve();
  }

  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port, received)));
  idle.push(...sockets);
  for (const socket of sockets) socket.on('error', all.reject);
  const start = performance.now();
  const sendDue = () => {
    for (;;) {
      const due = start + (started * 1000) / rate;
      if (started === requests.length) return;
      const socket = performance.now() >= due ? idle.pop() : undefined;
      if (socket === undefined) break;
      sentFor.set(socket, due);
      socket.write(requests[started++] as Buffer);
    }
    setImmediate(sendDue);
  };
  sendDue();
  try {
    await all.promise;
  } finally {
    started = requests.length;
    for (const socket of sockets) socket.destroy();
  }
  return took;
}

async function open(port: number, received: (socket: Socket, text: string) => void): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (!text.includes('\r\n\r\n')) return;
    const whole = text;
    text = '';
    received(socket, whole);
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}
