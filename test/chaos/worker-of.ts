/** Finds the process that has the other end of a local connection. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Returns the id of the process.
 *
 * @param port - port of the other end
 * @param pids - ids of the candidates
 */
export function processWithPort(port: number, pids: readonly number[]): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  // Other connections can have the same port, such as closed ones, which belong to no process.
  const sockets = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`))
    .map((fields) => `socket:[${fields[9]}]`);
  return pids.find((pid) =>
    readdirSync(`/proc/${pid}/fd`).some((file) => {
      try {
        return sockets.includes(readlinkSync(`/proc/${pid}/fd/${file}`));
      } catch {
        // The file was closed after the folder was read.
        return false;
      }
    }),
  );
}
