/** Compares this machine's clock with others. */
import { type Finding, findingsOf } from './finding.ts';

const { ok, hint, warning, problem } = findingsOf('clock');

/** Seconds by which clocks may differ. */
const NOTABLE = 2;
/** The difference, in seconds, above which a nonce store on a database or Redis server refuses all claims. */
const TOO_FAR = 9;
const TODO = 'synchronize both clocks with NTP; a server whose clock is wrong refuses valid tokens';

/** Another clock. */
export interface OtherClock {
  /** `the database`. */
  readonly name: string;
  /** Seconds by which it is ahead of this machine's. */
  readonly ahead: number;
  /** The precision of this difference, in seconds. */
  readonly error: number;
}

export function checkClock(clocks: readonly OtherClock[]): readonly Finding[] {
  if (clocks.length === 0) {
    return [
      hint('there is no other clock to compare with', 'check that NTP is running, for example with `timedatectl`'),
    ];
  }
  return clocks.map(({ name, ahead, error }) => {
    const apart = Math.abs(ahead);
    const what = `${name}'s clock is ${apart.toFixed(1)} s ${ahead < 0 ? 'behind' : 'ahead of'} this machine's`;
    if (apart - error > TOO_FAR) return problem(what, TODO);
    return apart - error > NOTABLE ? warning(what, TODO) : ok(what);
  });
}

/**
 * Reads another clock.
 *
 * @param read - returns its time in seconds since the epoch
 */
export async function compareClock(name: string, read: () => Promise<number>): Promise<OtherClock> {
  const [wall, start] = [Date.now() / 1000, performance.now()];
  const time = await read();
  const duration = (performance.now() - start) / 1000;
  return { name, ahead: time - (wall + duration / 2), error: duration / 2 };
}
