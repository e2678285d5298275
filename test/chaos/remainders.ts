/** Remainders: doubles that docs/THREAT_MODEL.md lists for a store. Any other double is a defect. */
import type { Double, Entry } from './checker.ts';

/** Time of a fault: from before its start until the server responded again, in seconds since the epoch. */
export interface Trouble {
  readonly began: number;
  readonly healed: number;
}

/** Facts for the decision whether a double is a remainder. */
interface Circumstances {
  readonly troubles: readonly Trouble[];
  /** T + M, in seconds. */
  readonly keep: number;
}

export type Remainder = (double: Double, circumstances: Circumstances) => boolean;

/** Near the start and the end of a fault, for so many seconds, it is unknown which of two masters was asked. */
const EDGE = 0.2;

/** Makes a remainder that needs a fitting fault between the two requests. */
const between = (fits: (time: number, trouble: Trouble) => boolean): Remainder => {
  return ({ first, second }, { troubles }) =>
    troubles.some(
      (trouble) => first.sent <= trouble.healed && second.done >= trouble.began && fits(first.token.time, trouble),
    );
};

export const REMAINDERS = {
  none: () => false,
  /** With `afterLoss: 'fresh'`: dated after the loss and used before it. The loss happened after the fault had begun. */
  ahead: between((time, { began }) => time > began),
  /** The memory store: its floor is just below the second in which it was created. */
  second: between((time, { began }) => time >= Math.floor(began)),
  /** Two masters at a time; only the second server uses the new one: accepted once at each, also after the fault. */
  split: ({ first, second }, { troubles }) =>
    troubles.some(({ began, healed }) => {
      const asksNew = ({ server, sent, done }: Entry, edge: number) =>
        server === 1 && done >= began + edge && sent <= healed - edge;
      const both = asksNew(first, EDGE) && asksNew(second, EDGE);
      return (asksNew(first, 0) || asksNew(second, 0)) && !both;
    }),
  /** Dated, used and forgotten while the clock was wrong by more than T + M. */
  wrongClock: ({ first }, { keep }) => Math.abs(first.token.time - first.sent) > keep,
} as const satisfies Readonly<Record<string, Remainder>>;
