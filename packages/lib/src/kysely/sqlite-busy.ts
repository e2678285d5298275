/** Whether SQLite gave up as another connection was in its way. */

const SQLITE_BUSY = 5;

/**
 * @param error - of `node:sqlite`
 * @returns whether it is SQLITE_BUSY, in any of its extended forms: also while another process reads the log of one that was killed
 */
export function isSqliteBusy(error: unknown): boolean {
  return (((error as { errcode?: number }).errcode ?? 0) & 0xff) === SQLITE_BUSY;
}
