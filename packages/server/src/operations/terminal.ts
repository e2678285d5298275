/** Tells a terminal that was closed from a request to reload: both send SIGHUP. */
import { closeSync, openSync } from 'node:fs';

/** Returns whether this process has a terminal. It loses its terminal when the window is closed. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** @returns a function that returns whether the terminal was closed since; `false` for a process that never had one, such as a service */
export function watchTerminal(): () => boolean {
  const had = hasTerminal();
  return () => had && !hasTerminal();
}
