/** Which life of the machine this is. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Linux's id of the present boot; elsewhere an id of this process, whose end then counts as a crash. */
export function machineLife(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}
