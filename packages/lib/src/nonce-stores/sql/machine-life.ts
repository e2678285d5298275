/** Identifies the current life of the machine. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Returns Linux's boot id; elsewhere an id of this process, so that the end of a process counts as a crash. */
export function machineLife(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}
