/** Checks options. A wrong option throws when it is passed, not on the first request. */
import { checkArgument, isInMilliseconds } from './arguments.ts';

/** The kinds of option values. Numbers, and values that can have several types, are `any`; the code that reads them checks them. */
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

/** The kind of each option. If you leave out an option, the program does not compile. */
export type OptionKinds<Options> = Readonly<Record<keyof Options, OptionKind>>;

/**
 * Throws for unknown option names, and for values of the wrong kind. A misspelled option must not silently skip a check.
 *
 * @param all - the beginning of the message if `options` is not an object
 * @param each - the beginning of the message about a single option
 * @throws TypeError that names the option
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
      // Most misspelled names begin with the right letters.
      const near = names.find((one) => beginning(one) === beginning(name));
      const hint = near === undefined ? 'use one of' : `did you mean ${near}? Use one of`;
      throw new TypeError(`${each}${name}: unknown; ${hint} ${names.join(', ')}`);
    }
    const value = options[name as keyof Options];
    const kind = KINDS[kinds[name as keyof Options]];
    if (value !== undefined) checkArgument(kind.is(value), each + name, kind.a, value);
  }
}

const beginning = (name: string) => name.slice(0, 3).toLowerCase();

/**
 * Checks an option that is an object, as {@link checkOptions} does.
 *
 * @param name - the beginning of the message: `option users`
 * @param needed - the members that must be present
 * @throws TypeError as {@link checkOptions} does, and if a needed member is missing
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
 * Returns a numeric option, or `fallback` if it is `undefined`.
 *
 * @param unit - the unit that the message names: `seconds`
 * @throws TypeError that names the option and its bounds
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

/** Maximum tolerance and maximum clock margin, in seconds. */
export const MAX_TOLERANCE = 600;
/** Default tolerance: by how many seconds the `time` claim may differ from the server's clock. */
export const DEFAULT_TOLERANCE = 20;

/** Returns the wall-clock time, in seconds since the epoch. */
export function wallClock(): number {
  return Date.now() / 1000;
}

/**
 * Returns the clock that the option `now` specifies, or the wall clock.
 *
 * @throws TypeError for a clock in milliseconds, such as `Date.now`: it would make every token too old
 */
export function clockOption(now: (() => number) | undefined): () => number {
  if (now !== undefined) readClock(now);
  return now ?? wallClock;
}

/** Reads a clock. @throws TypeError if the clock is in milliseconds */
export function readClock(now: () => number): number {
  const time = now();
  if (!isInMilliseconds(time)) return time;
  throw new TypeError(
    'option now: must return seconds since the epoch, not milliseconds; pass () => Date.now() / 1000',
  );
}
