/** Floods a server until it is killed: `overload-attacker.ts PORT CONNECTIONS AT_ONCE`, with the bytes of one request on standard input. */
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';

const [port, connections, atOnce] = process.argv.slice(2).map(Number) as [number, number, number];
const request = await buffer(process.stdin);
/** The honest client uses another address. */
const localAddress = '127.0.0.2';
/** Milliseconds before a closed connection is reopened. */
const PAUSE = 1;

/** Repeatedly sends `atOnce` requests and waits for their responses. With 0, sends as fast as the connection allows. */
function attack(): void {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
  const block = Buffer.concat(Array.from({ length: atOnce || 1000 }, () => request));
  let responses = 0;
  const send = () => {
    if (atOnce > 0) socket.write(block);
    else while (socket.write(block));
  };
  socket.on('connect', send);
  if (atOnce === 0) socket.on('drain', send);
  socket.on('data', (chunk) => {
    if (atOnce === 0) return;
    responses += chunk.toString('latin1').split('HTTP/1.1 ').length - 1;
    if (responses < atOnce) return;
    responses = 0;
    send();
  });
  socket.on('error', () => {});
  socket.on('close', () => setTimeout(attack, PAUSE));
}

for (let index = 0; index < connections; index++) attack();
console.log('attacking');
// The flood stops when the benchmark exits, even if it is killed.
const bench = process.ppid;
setInterval(() => process.ppid === bench || process.exit(), 500);
