/** Waits between two attempts of a request. */

/**
 * Waits.
 *
 * @param seconds - how long to wait; 0 returns at once
 * @param signal - ends the wait early; the next attempt then rejects because of the signal
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
