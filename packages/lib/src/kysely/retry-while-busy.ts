/** Work that was taken back as another connection was in its way, done again without blocking the process. */
import { UnavailableError } from '../core/contracts.ts';
import { isSqliteBusy } from './sqlite-busy.ts';

/**
 * Does the work again while others are in its way: it has not happened then.
 *
 * @param deadline - milliseconds in all
 * @param isBusy - whether an error says so; default SQLite's lock
 * @throws UnavailableError where they are for longer; whatever else the work throws
 */
export async function retryWhileBusy<T>(
  work: () => Promise<T>,
  deadline: number,
  isBusy: (error: unknown) => boolean = isSqliteBusy,
): Promise<T> {
  const end = performance.now() + deadline;
  for (let pause = 1; ; pause = Math.min(2 * pause, 50)) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() + pause > end)
        throw new UnavailableError('the database is locked by another process', { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
