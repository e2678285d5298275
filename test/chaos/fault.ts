/** Types that describe a fault and its allowed effects. */
import type { Program } from './program.ts';
import type { REMAINDERS } from './remainders.ts';
import type { SIGNS } from './signs.ts';
import type { Users } from './users.ts';

/** The servers that a fault affects, and how to inject and heal the fault. */
export interface Scene {
  /** The servers that receive requests. */
  readonly servers: readonly Pick<Program, 'port'>[];
  /** Starts the fault. */
  inject(round: number): Promise<void>;
  /** Ends the fault. Resolves as soon as the affected server, or its replacement, responds. */
  heal(round: number): Promise<void>;
  /** Prepares the next round; called after the measurements. */
  restore?(round: number): Promise<void>;
  /** Current error of the servers' clocks, in seconds. */
  offset?(): number;
  /** Whether tokens of earlier rounds are sent again during the fault. */
  readonly sendsAgain?: true;
  /** The path that requests are sent to. */
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
  /** The doubles that are documented for this fault; default: none. */
  readonly remainder?: keyof typeof REMAINDERS;
  /** Whether documented doubles must occur, because the load provokes them. */
  readonly provoked?: true;
  /** Whether `--short` includes it. */
  readonly short?: true;
  /** Returns the reason why it cannot run on this machine, or `undefined` if it can. */
  missing?(): string | undefined;
  set(users: Users): Promise<Scene>;
}
