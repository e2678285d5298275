/** The wait between two attempts. */

/**
 * Waits.
 *
 * @param seconds - 0 does not wait
 * @param signal - ends the wait early; the next attempt then rejects by itself
 */
export async function pause(seconds: number, signal?: AbortSignal | null): Promise<void> {
  if (seconds <= 0 || signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal?.addEventListener('abort', end);
  });
}
