/** Which doubles the documents name as what a store leaves (docs/THREAT_MODEL.md); any other is a defect. */
import type { Double, Entry } from './checker.ts';

/** When a fault was there: from before it began until the server answered again, in seconds since the epoch. */
export interface Trouble {
  readonly began: number;
  readonly healed: number;
}

/** What a remainder needs to know. */
interface Circumstances {
  readonly troubles: readonly Trouble[];
  /** T + M, in seconds. */
  readonly keep: number;
}

export type Remainder = (double: Double, circumstances: Circumstances) => boolean;

/** Seconds within which it is not known which of two masters was asked. */
const EDGE = 0.2;

/** Whether one of the troubles lies between the two, and fits. */
const between = (fits: (time: number, trouble: Trouble) => boolean): Remainder => {
  return ({ first, second }, { troubles }) =>
    troubles.some(
      (trouble) => first.sent <= trouble.healed && second.done >= trouble.began && fits(first.token.time, trouble),
    );
};

export const REMAINDERS = {
  none: () => false,
  /** `afterLoss: 'fresh'`: dated after the loss, and used before it. The loss came after the trouble had begun. */
  ahead: between((time, { began }) => time > began),
  /** The memory store, whose floor lies just below the second of its birth. */
  second: between((time, { began }) => time >= Math.floor(began)),
  /** Two masters at a time, of which the second server asks the new one meanwhile: once at each, also when that is over. */
  split: ({ first, second }, { troubles }) =>
    troubles.some(({ began, healed }) => {
      const asksNew = ({ server, sent, done }: Entry, edge: number) =>
        server === 1 && done >= began + edge && sent <= healed - edge;
      const both = asksNew(first, EDGE) && asksNew(second, EDGE);
      return (asksNew(first, 0) || asksNew(second, 0)) && !both;
    }),
  /** Dated, used and forgotten under a clock that was wrong by more than T + M. */
  wrongClock: ({ first }, { keep }) => Math.abs(first.token.time - first.sent) > keep,
} as const satisfies Readonly<Record<string, Remainder>>;
