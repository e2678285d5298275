/** Follows the decisions of all workers. */
import type { Worker } from 'node:cluster';
import type { DecisionBatch, DecisionFeed, DecisionQuery, Deliver } from '../gateway/decision-feed.ts';

/** Asks workers to begin or end. */
export interface FollowerLinks {
  /** @param workers - default: all that accept requests */
  follow(follower: number, query: DecisionQuery, workers?: readonly Worker[]): void;
  unfollow(follower: number): void;
}

export interface Followers {
  readonly follow: DecisionFeed['follow'];
  /** Lets a worker that has just started know what to send. */
  started(worker: Worker): void;
  /** Called with each batch of a worker. */
  received(follower: number, batch: DecisionBatch): void;
}

/** While a follower reads a batch, the next lines wait. Beyond a limit, lines are left out and counted, so that they cannot fill the memory. */
interface Follower {
  readonly query: DecisionQuery;
  readonly deliver: Deliver;
  isBusy: boolean;
  /** Number of decisions that were left out. */
  dropped: number;
  waiting: string;
}

/** Maximum characters that wait for a follower. */
const MAX_WAITING = 256 * 1024;

export function makeFollowers({ follow, unfollow }: FollowerLinks): Followers {
  const followers = new Map<number, Follower>();
  let last = 0;

  async function pass(follower: Follower): Promise<void> {
    follower.isBusy = true;
    while (follower.waiting !== '' || follower.dropped > 0) {
      const batch = { lines: follower.waiting, dropped: follower.dropped };
      follower.waiting = '';
      follower.dropped = 0;
      await follower.deliver(batch);
    }
    follower.isBusy = false;
  }

  return {
    follow(query, deliver) {
      const number = ++last;
      followers.set(number, { query, deliver, isBusy: false, dropped: 0, waiting: '' });
      follow(number, query);
      return () => {
        followers.delete(number);
        unfollow(number);
      };
    },
    started(worker) {
      for (const [number, { query }] of followers) follow(number, query, [worker]);
    },
    received(number, { lines, dropped }) {
      const follower = followers.get(number);
      if (follower === undefined) return;
      follower.dropped += dropped;
      if (follower.waiting.length < MAX_WAITING) follower.waiting += lines;
      else follower.dropped += lines.split('\n').length - 1;
      if (!follower.isBusy) void pass(follower);
    },
  };
}
