/** What a fault is: where it strikes, how it comes and goes, and what may be seen of it. */
import type { Program } from './program.ts';
import type { REMAINDERS } from './remainders.ts';
import type { SIGNS } from './signs.ts';
import type { Users } from './users.ts';

/** The parts of one fault, started. */
export interface Scene {
  /** What requests are sent to. */
  readonly servers: readonly Pick<Program, 'port'>[];
  /** Brings the fault about. */
  inject(round: number): Promise<void>;
  /** Takes it back; settles as soon as the server that was hit answers again, or is replaced by one that does. */
  heal(round: number): Promise<void>;
  /** Puts in order what the next round needs, after what is measured. */
  restore?(round: number): Promise<void>;
  /** By how much the clocks of the servers are off, in seconds. */
  offset?(): number;
  /** Whether tokens of earlier rounds are sent once more while the fault lasts. */
  readonly sendsAgain?: true;
  /** Path of the requests. */
  readonly path?: string;
  /** Things of its own that must hold at the end; says what does not. */
  failures?(): readonly string[];
  /** Ends everything. */
  end(): Promise<void>;
}

export interface Fault {
  /** As it is called on the command line. */
  readonly name: string;
  readonly what: string;
  /** Most seconds from the server's return until each server lets a fresh token in. */
  readonly recovery: number;
  /** Seconds that the fault lasts; default 1. */
  readonly lasts?: number;
  /** 2T + M, where it is not that of the services. */
  readonly lockOut?: number;
  /** Whether connections may be cut, as those who answer are hit themselves. */
  readonly cuts?: true;
  /** Connections that may stay without an answer in a round, for the reason that the documents give; default none. */
  readonly silent?: number;
  /** What shows that it struck, in every round. */
  readonly felt: keyof typeof SIGNS;
  /** What the documents say remains; default nothing. */
  readonly remainder?: keyof typeof REMAINDERS;
  /** Whether the remainder must show, as the load provokes it. */
  readonly provoked?: true;
  /** Whether it is run in the short pass. */
  readonly short?: true;
  /** Why it cannot be had here. */
  missing?(): string | undefined;
  set(users: Users): Promise<Scene>;
}
