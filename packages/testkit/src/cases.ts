/** Picks from lists of cases that other tests run in full. */

/**
 * Returns the first case of each outcome. Tests in process run the full lists of bad input. Over HTTP or in a command, one case of each
 * outcome is enough to show that the outcome reaches the caller.
 */
export function oneOfEach<Case>(cases: readonly Case[], outcomeOf: (one: Case) => unknown): Case[] {
  return [...Map.groupBy(cases, outcomeOf).values()].map(([first]) => first as Case);
}
