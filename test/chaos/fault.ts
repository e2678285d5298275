/** Types that describe a fault and its allowed effects. */
import type { Program } from './program.ts';
import type { REMAINDERS } from './remainders.ts';
import type { SIGNS } from './signs.ts';
import type { Users } from './users.ts';

/** The servers of a fault, and how to inject and heal it. */
export interface Scene {
  /** The servers that receive requests. */
  readonly servers: readonly Pick<Program, 'port'>[];
  /** Starts the fault. */
  inject(round: number): Promise<void>;
  /** Ends the fault. Resolves as soon as the affected server, or its replacement, responds. */
  heal(round: number): Promise<void>;
  /** Prepares the next round, after the measurements. */
  restore?(round: number): Promise<void>;
  /** Current error of the servers' clocks, in seconds. */
  offset?(): number;
  /** Whether tokens of earlier rounds are sent again during the fault. */
  readonly sendsAgain?: true;
  /** Path of the requests. */
  readonly path?: string;
  /** Makes further checks at the end, and returns descriptions of those that fail. */
  failures?(): readonly string[];
  /** Stops everything. */
  end(): Promise<void>;
}

export interface Fault {
  /** Its name on the command line. */
  readonly name: string;
  readonly what: string;
  /** Maximum seconds from the server's return until each server accepts a fresh token. */
  readonly recovery: number;
  /** Seconds that the fault lasts; default 1. */
  readonly lasts?: number;
  /** 2T + M in seconds, if T or M differs from that of the services. */
  readonly lockOut?: number;
  /** Whether connections may be closed without a response, because the fault hits the servers themselves. */
  readonly cuts?: true;
  /** Maximum number of requests in a round that may get no response; default 0. */
  readonly silent?: number;
  /** The effect that must be visible in every round. */
  readonly felt: keyof typeof SIGNS;
  /** The documented remainder; default: no remainder. */
  readonly remainder?: keyof typeof REMAINDERS;
  /** Whether the remainder must occur, because the load provokes it. */
  readonly provoked?: true;
  /** Whether `--short` includes it. */
  readonly short?: true;
  /** Returns why it cannot run on this machine, or `undefined`. */
  missing?(): string | undefined;
  set(users: Users): Promise<Scene>;
}
