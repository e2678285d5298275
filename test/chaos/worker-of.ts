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
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((one) => one.trim().split(/\s+/)[1]?.endsWith(`:${hex}`));
  const socket = `socket:[${line?.trim().split(/\s+/)[9]}]`;
  return pids.find((pid) =>
    readdirSync(`/proc/${pid}/fd`).some((file) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${file}`) === socket;
      } catch {
        // The file was closed after the folder was read.
        return false;
      }
    }),
  );
}
