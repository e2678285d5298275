/** Repeats work that was rolled back because another connection was in its way, without blocking the process. */
import { UnavailableError } from '../core/contracts.ts';

const SQLITE_BUSY = 5;

/**
 * Whether SQLite gave up because another connection was in its way.
 *
 * @param error - thrown by `node:sqlite`
 * @returns true for SQLITE_BUSY in all its extended forms, such as the one while another process recovers the log of a killed one
 */
export function isSqliteBusy(error: unknown): boolean {
  return (((error as { errcode?: number }).errcode ?? 0) & 0xff) === SQLITE_BUSY;
}

/**
 * Does work, and repeats it while it fails because others are in its way.
 *
 * @param work - has changed nothing when it fails like that
 * @param deadline - milliseconds for all attempts
 * @param isBusy - recognizes such a failure; default SQLite's lock
 * @throws UnavailableError after the deadline; any other error of the work
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
