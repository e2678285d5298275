/** Passes decisions to followers. A follower that reads too slowly misses some, and gets their number. */
import { printable } from 'ajwt-cli-kit';
import { accessLine } from './access-line.ts';
import type { Exchange } from './exchange.ts';

/** Which decisions to follow. */
export interface DecisionQuery {
  /** Only decisions about this user, which is compared with the claim, proven or not. */
  readonly user?: string | undefined;
  /** Only decisions with this reason. */
  readonly reason?: string | undefined;
}

/** Decisions since the last batch. */
export interface DecisionBatch {
  /** Lines of JSON, as in the access log, each with its line break. */
  readonly lines: string;
  /** Number of decisions that were left out because there were too many. */
  readonly dropped: number;
}

/** Takes a batch. While the returned promise is pending, there is no other batch. */
export type Deliver = (batch: DecisionBatch) => void | Promise<void>;

export interface DecisionFeed {
  /** Adds a finished exchange. Does nothing if there are no followers. */
  write(exchange: Exchange): void;
  /** @returns a function that ends it */
  follow(query: DecisionQuery, deliver: Deliver): () => void;
}

/** Milliseconds between two batches. */
const INTERVAL = 100;
/** Maximum characters of a batch. */
const MAX_BATCH = 256 * 1024;

/** @param maxBatch - maximum characters of a batch; further decisions are left out until it is delivered */
export function decisionFeed(maxBatch = MAX_BATCH): DecisionFeed {
  const followers = new Set<(exchange: Exchange) => void>();

  return {
    write(exchange) {
      for (const take of followers) take(exchange);
    },
    follow({ user, reason }, deliver) {
      // Events have escaped usernames.
      const username = user === undefined ? undefined : printable(user);
      let lines = '';
      let dropped = 0;
      let timer: NodeJS.Timeout | undefined;
      let isDelivering = false;

      async function send(): Promise<void> {
        timer = undefined;
        const batch = { lines, dropped };
        lines = '';
        dropped = 0;
        isDelivering = true;
        await deliver(batch);
        isDelivering = false;
        if (lines !== '' || dropped > 0) plan();
      }
      function plan(): void {
        if (!isDelivering && followers.has(take)) timer ??= setTimeout(send, INTERVAL).unref();
      }
      function take(exchange: Exchange): void {
        const { event } = exchange;
        if (event === undefined || (reason !== undefined && event.reason !== reason)) return;
        if (username !== undefined && event.username !== username) return;
        if (lines.length >= maxBatch) dropped += 1;
        else lines += accessLine(exchange);
        plan();
      }
      followers.add(take);
      return () => {
        followers.delete(take);
        clearTimeout(timer);
      };
    },
  };
}
