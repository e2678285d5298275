/** Options are checked when something is made with them, so that a wrong one never waits for the first request. */
import { checkArgument, isInMilliseconds } from './arguments.ts';

/** What a value must be; numbers, and values of more than one of these kinds, are `any`, and checked where they are read. */
const KINDS = {
  any: { a: 'anything', is: () => true },
  function: { a: 'a function', is: (value: unknown) => typeof value === 'function' },
  boolean: { a: 'true or false', is: (value: unknown) => typeof value === 'boolean' },
  text: { a: 'a non-empty string', is: (value: unknown) => typeof value === 'string' && value !== '' },
  object: {
    a: 'an object',
    is: (value: unknown) =>
      typeof value === 'object' && value !== null && !(Symbol.iterator in value || 'then' in value),
  },
  array: { a: 'an array', is: Array.isArray },
} as const;

/** The kind of an option's value. */
type OptionKind = keyof typeof KINDS;

/** The kind of every option of a type: it does not compile when one is missing. */
export type OptionKinds<Options> = Readonly<Record<keyof Options, OptionKind>>;

/**
 * Refuses names that do not exist, as a misspelt option would be a check that silently does not happen, and values of another
 * kind.
 *
 * @param all - what a message calls all of them
 * @param each - what it begins with for one of them
 * @throws TypeError naming the option
 */
export function checkOptions<Options extends object>(
  options: Options,
  kinds: OptionKinds<Options>,
  all = 'options',
  each = 'option ',
): void {
  const names = Object.keys(kinds);
  checkArgument(KINDS.object.is(options), all, `an object that may have ${names.join(', ')}`, options);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(kinds, name)) {
      // The names are few: most mistakes leave the beginning as it is, and the list shows the rest.
      const near = names.find((one) => beginning(one) === beginning(name));
      const hint = near === undefined ? 'there are' : `did you mean ${near}? There are`;
      throw new TypeError(`${each}${name}: unknown; ${hint} ${names.join(', ')}`);
    }
    const value = options[name as keyof Options];
    const kind = KINDS[kinds[name as keyof Options]];
    if (value !== undefined) checkArgument(kind.is(value), each + name, kind.a, value);
  }
}

const beginning = (name: string) => name.slice(0, 3).toLowerCase();

/**
 * As {@link checkOptions}, for an option that has members of its own.
 *
 * @param name - what the message begins with: `option users`
 * @throws TypeError also for a member that is missing
 */
export function checkMembers<Of extends object>(
  name: string,
  of: Of | undefined,
  kinds: OptionKinds<Of>,
  needed: readonly (keyof Of & string)[],
): void {
  checkOptions(of ?? {}, kinds as OptionKinds<object>, name, `${name}.`);
  const missing = needed.find((member) => of?.[member] === undefined);
  if (missing !== undefined) throw new TypeError(`${name}.${missing}: is missing`);
}

/**
 * Reads a number of seconds, or another number with bounds.
 *
 * @param unit - if the number has one
 * @throws TypeError naming the option and its bounds
 */
export function numberOption(
  name: string,
  value: unknown,
  fallback: number,
  min: number,
  max: number,
  unit = '',
): number {
  if (value === undefined) return fallback;
  const of = unit === '' ? '' : ` of ${unit}`;
  const is = typeof value === 'number' && value >= min && value <= max;
  checkArgument(is, `option ${name}`, `a number${of} from ${min} to ${max}`, value);
  return value as number;
}

/** Largest tolerance and clock margin, in seconds. */
export const MAX_TOLERANCE = 600;
/** Seconds that a claimed time may lie away from the server's clock. */
export const DEFAULT_TOLERANCE = 20;

/** Seconds since the epoch, by the wall clock. */
export function wallClock(): number {
  return Date.now() / 1000;
}

/**
 * Reads the option `now`, and looks at the clock once.
 *
 * @returns the clock; default the wall clock
 * @throws TypeError for a clock of milliseconds, such as `Date.now`, by which every token would be stale
 */
export function clockOption(now: (() => number) | undefined): () => number {
  if (now !== undefined) readClock(now);
  return now ?? wallClock;
}

/** @throws as {@link clockOption} */
export function readClock(now: () => number): number {
  const time = now();
  if (!isInMilliseconds(time)) return time;
  throw new TypeError(
    'option now: must return seconds since the epoch, not milliseconds; pass () => Date.now() / 1000',
  );
}
