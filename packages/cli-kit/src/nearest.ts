/** Finds the known name that is most similar to a misspelled one. */

/**
 * Finds the most similar name.
 *
 * @param word - as typed
 * @returns the only name that begins with the word, or the one with the fewest typing mistakes; `undefined` if no name is similar enough
 */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const begun = names.filter((name) => word.length > 1 && name.startsWith(word));
  if (begun.length === 1) return begun[0];
  const limit = Math.max(1, Math.floor(word.length / 3));
  const [best] = names
    .map((name) => ({ name, mistakes: mistakes(word, name) }))
    .filter((candidate) => candidate.mistakes <= limit)
    .sort((one, other) => one.mistakes - other.mistakes);
  return best?.name;
}

/** Counts letters that are missing, added, changed, or swapped with the next one (optimal string alignment distance). */
function mistakes(one: string, other: string): number {
  const rows: number[][] = [];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i <= one.length; i++) {
    rows.push([]);
    for (let j = 0; j <= other.length; j++) {
      const change = one[i - 1] === other[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      rows[i]?.push(
        i === 0 || j === 0
          ? i + j
          : Math.min(
              at(i - 1, j) + 1,
              at(i, j - 1) + 1,
              at(i - 1, j - 1) + change,
              swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
            ),
      );
    }
  }
  return at(one.length, other.length);
}
