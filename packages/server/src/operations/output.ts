/** Standard output for the log. */
import { constants, fstatSync, openSync } from 'node:fs';

const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants;

let opened: number | undefined;

/**
 * Returns a file descriptor of standard output. If that is a pipe whose reader has stalled, writing fails at once instead of blocking the
 * whole server.
 *
 * The pipe is opened again for that, because the flag would otherwise also apply to other programs with the same output. If this is not
 * possible, for example because the pipe belongs to another user, standard output is used unchanged.
 */
export function outputDescriptor(): number {
  opened ??= openOutput();
  return opened;
}

function openOutput(): number {
  try {
    if (fstatSync(1).isFIFO()) return openSync('/proc/self/fd/1', O_WRONLY | O_APPEND | O_NONBLOCK);
  } catch {
    // Not on Linux, or not permitted.
  }
  return 1;
}
