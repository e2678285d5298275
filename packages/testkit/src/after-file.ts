/** Cleans up after the tests of a file. */

const pending: (() => unknown)[] = [];

/** Runs work after the tests of the file. Unlike Vitest's `afterAll`, this can be called while a hook or a test runs. */
export function afterFile(work: () => unknown): void {
  pending.push(work);
}

/** Runs the work in reverse order. `setup.ts` calls this. */
export async function cleanUp(): Promise<void> {
  for (let work = pending.pop(); work !== undefined; work = pending.pop()) await work();
}
