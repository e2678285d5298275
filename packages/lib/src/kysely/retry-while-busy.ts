/** Repeats work that was rolled back because of another connection. It does not block the process. */
import { UnavailableError } from '../core/contracts.ts';

const SQLITE_BUSY = 5;

/**
 * Reports whether an error of `node:sqlite` is SQLITE_BUSY, which means that another connection holds a lock.
 *
 * @param error - an error of `node:sqlite`
 * @returns true for SQLITE_BUSY and its extended codes, such as SQLITE_BUSY_RECOVERY
 */
export function isSqliteBusy(error: unknown): boolean {
  return (((error as { errcode?: number }).errcode ?? 0) & 0xff) === SQLITE_BUSY;
}

/**
 * Runs work, and repeats it while it fails because of other connections.
 *
 * @param work - the work, which must change nothing if it fails because of another connection
 * @param timeoutMs - time limit for all attempts, in milliseconds
 * @param isBusy - reports whether an error comes from another connection; default {@link isSqliteBusy}
 * @throws UnavailableError after the timeout, and any other error of the work
 */
export async function retryWhileBusy<T>(
  work: () => Promise<T>,
  timeoutMs: number,
  isBusy: (error: unknown) => boolean = isSqliteBusy,
): Promise<T> {
  const end = performance.now() + timeoutMs;
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
