/** Sends each message at the same time in many requests, and counts how often it is accepted. */
import type { Recipe } from './recipes.ts';

/** The result of a race. */
export interface RaceResult {
  readonly messages: number;
  readonly requests: number;
  /** Messages that were accepted more than once. */
  readonly repeated: number;
  /** Accepted requests beyond the first of each message. */
  readonly doubleAccepts: number;
  /** Messages that were never accepted. */
  readonly never: number;
  /** Statuses that are neither that of an accepted nor that of a replayed message. */
  readonly others: readonly number[];
}

/**
 * Races the messages of a recipe, one after the other.
 *
 * @param urls - of the processes; the requests of each message are distributed evenly among them
 */
export async function race(recipe: Recipe, urls: readonly string[], messages = 20, each = 50): Promise<RaceResult> {
  const accepts: number[] = [];
  const others: number[] = [];
  for (let count = 0; count < messages; count++) {
    const send = await recipe.sign();
    const statuses = await Promise.all(
      Array.from({ length: each }, async (_, index) => {
        const response = await send(urls[index % urls.length] as string);
        await response.arrayBuffer();
        return response.status;
      }),
    );
    accepts.push(statuses.filter((status) => status === recipe.accepted).length);
    others.push(...statuses.filter((status) => status !== recipe.accepted && status !== recipe.replayed));
  }
  return {
    messages,
    requests: messages * each,
    repeated: accepts.filter((times) => times > 1).length,
    doubleAccepts: accepts.reduce((sum, times) => sum + Math.max(0, times - 1), 0),
    never: accepts.filter((times) => times === 0).length,
    others,
  };
}
