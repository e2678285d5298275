/** Options are checked when something is made with them, so that a wrong one never waits for the first request. */

/** What a value must be; numbers, and what is more than one of these, are `any`, and looked at where they are read. */
const KINDS = {
  any: { a: 'anything', is: () => true },
  function: { a: 'a function', is: (value: unknown) => typeof value === 'function' },
  boolean: { a: 'true or false', is: (value: unknown) => typeof value === 'boolean' },
  text: { a: 'a text that is not empty', is: (value: unknown) => typeof value === 'string' && value !== '' },
  object: {
    a: 'an object',
    is: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
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
 * @throws TypeError naming the option
 */
export function checkOptions<Options extends object>(options: Options, kinds: OptionKinds<Options>): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new TypeError(`option ${name}: unknown; there are ${Object.keys(kinds).join(', ')}`);
    }
    const value = options[name as keyof Options];
    const kind = KINDS[kinds[name as keyof Options]];
    if (value !== undefined && !kind.is(value)) throw new TypeError(`option ${name}: must be ${kind.a}`);
  }
}

/**
 * Reads a number of seconds, or another number with bounds.
 *
 * @throws TypeError naming the option and its bounds
 */
export function numberOption(name: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new TypeError(`option ${name}: must be a number from ${min} to ${max}`);
}

/** Largest tolerance and clock margin, in seconds. */
export const MAX_TOLERANCE = 600;
/** Seconds that a claimed time may lie away from the server's clock. */
export const DEFAULT_TOLERANCE = 20;

/** Seconds since the epoch, by the wall clock. */
export function wallClock(): number {
  return Date.now() / 1000;
}
