/** Tries to make a memory nonce store in a node:cluster worker, and prints the result. */
import cluster from 'node:cluster';
import { memoryNonceStore } from '../../../src/index.ts';

if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  try {
    memoryNonceStore();
    process.send?.('made');
  } catch (error) {
    process.send?.(String(error));
  }
  process.disconnect();
}
