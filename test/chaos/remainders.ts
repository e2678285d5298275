/** Remainders: doubles that docs/THREAT_MODEL.md lists for a store. Any other double is a defect. */
import type { Double, Entry } from './checker.ts';

/** Times of a fault, in seconds since the epoch: before it started, and when the server responded again. */
export interface Trouble {
  readonly began: number;
  readonly healed: number;
}

/** Facts that decide whether a double is a remainder. */
interface Circumstances {
  readonly troubles: readonly Trouble[];
  /** T + M, in seconds. */
  readonly keep: number;
}

export type Remainder = (double: Double, circumstances: Circumstances) => boolean;

/** Within this many seconds of the start and the end of a fault, it is unknown which of two masters handled a request. */
const EDGE = 0.2;

/** Makes a remainder that includes a double if a matching fault lies between its two requests. */
const between = (fits: (time: number, trouble: Trouble) => boolean): Remainder => {
  return ({ first, second }, { troubles }) =>
    troubles.some(
      (trouble) => first.sent <= trouble.healed && second.done >= trouble.began && fits(first.token.time, trouble),
    );
};

export const REMAINDERS = {
  none: () => false,
  /**
   * With `afterLoss: 'fresh'`, a token that was used before the loss and is dated after it. The loss comes after the start of the fault.
   */
  ahead: between((time, { began }) => time > began),
  /** With the memory store, a token dated in the second of the restart, because the floor of a new store is just below that second. */
  second: between((time, { began }) => time >= Math.floor(began)),
  /** While there are two masters, a token that each of them accepts once, even after the fault. Only server 1 uses the new master. */
  split: ({ first, second }, { troubles }) =>
    troubles.some(({ began, healed }) => {
      const asksNew = ({ server, sent, done }: Entry, edge: number) =>
        server === 1 && done >= began + edge && sent <= healed - edge;
      const both = asksNew(first, EDGE) && asksNew(second, EDGE);
      return (asksNew(first, 0) || asksNew(second, 0)) && !both;
    }),
  /** A token that was dated, used and forgotten while the clock was wrong by more than T + M. */
  wrongClock: ({ first }, { keep }) => Math.abs(first.token.time - first.sent) > keep,
} as const satisfies Readonly<Record<string, Remainder>>;
