/** Which of some processes has the other end of a connection of this machine. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * @param port - the port of its end
 * @param pids - the processes that may have it
 */
export function processWithPort(port: number, pids: readonly number[]): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((one) => one.trim().split(/\s+/)[1]?.endsWith(`:${hex}`));
  const socket = `socket:[${line?.trim().split(/\s+/)[9]}]`;
  return pids.find((pid) =>
    readdirSync(`/proc/${pid}/fd`).some((file) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${file}`) === socket;
      } catch {
        // Closed since the folder was read.
        return false;
      }
    }),
  );
}
