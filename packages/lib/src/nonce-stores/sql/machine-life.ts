/** Identifies the current boot of the machine. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Returns the boot id of Linux. On other systems it returns an id of this process, so the end of a process counts as a crash. */
export function machineLife(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}
