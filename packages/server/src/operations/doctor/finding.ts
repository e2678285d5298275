/** The findings of `ajwtd doctor`. */

/** The checks, in the order of their findings. docs/OPERATIONS.md describes each. */
export const CHECKS = {
  configuration: 'settings that are missing, risky or contradictory',
  files: 'owners and modes of the database, configuration and secret files; free disk space',
  database: 'whether the database responds, and has the tables of this version',
  nonces: 'what the nonce store promises, and settings of its server that would break the promise',
  clock: 'this clock, compared with the clocks of the database, Redis and `--url`',
  keys: 'keys that expire soon, are not used, cannot be used or are still named in requests after they ended; users without a key',
  'key-sets': 'whether the JWK sets that users publish can be fetched',
  server: 'whether `ajwtd serve` runs and is ready, and who can reach its admin listener',
  proxy: 'with `--url`: what the proxy changes about requests and responses',
} as const;

export type Check = keyof typeof CHECKS;

/** `hint` is something to consider, `warning` something that may fail or be misused, and `problem` something that fails or is open. */
export type Level = 'ok' | 'hint' | 'warning' | 'problem';

/** What a check has found. It contains no secret. */
export interface Finding {
  readonly check: Check;
  readonly level: Level;
  readonly what: string;
  /** What to do about it. */
  readonly todo?: string;
}

type Report = (what: string, todo?: string) => Finding;

/** Returns functions that make the findings of one check. */
export function findingsOf(check: Check): Readonly<Record<Level, Report>> {
  const at =
    (level: Level): Report =>
    (what, todo) => ({ check, level, what, ...(todo === undefined ? {} : { todo }) });
  return { ok: at('ok'), hint: at('hint'), warning: at('warning'), problem: at('problem') };
}

/** Returns whether the operator should act: the command then exits with 1. */
export function isAlarming({ level }: Finding): boolean {
  return level === 'warning' || level === 'problem';
}

/** Joins the first names of a list, and counts the others: `"ada", "tim" and 3 more`. @param all - the number of names, if the list is cut */
export function someOf(names: readonly string[], all = names.length): string {
  const shown = names.slice(0, MOST_NAMES);
  const more = all - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Maximum number of names in a finding. */
export const MOST_NAMES = 5;
