/** Parses numeric option values. */
import { CommandError } from 'ajwt-cli-kit/command-error';

/** Parses a number of seconds, with decimals as in curl. */
export function readSeconds(option: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(given))
    throw new CommandError(`${option}: must be a number of seconds, such as 2.5`);
  return Number(given);
}

/** Parses a whole number. */
export function readCount(option: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(given)) throw new CommandError(`${option}: must be a whole number`);
  return Number(given);
}
