/** The messages between the primary process and its workers. */

import type { DecisionBatch, DecisionQuery } from '../gateway/decision-feed.ts';
import type { SeenRequest } from '../gateway/probes.ts';
import type { WorkerMetrics } from '../metrics/of-workers.ts';
import type { SentSettings } from './settings.ts';
import type { ProcessState } from './state.ts';

/** What the primary process asks of a worker, and the types of the answers. */
export interface Questions {
  /** Use other settings from now on. */
  apply: { readonly given: SentSettings; readonly answer: null };
  state: { readonly given: null; readonly answer: ProcessState };
  metrics: { readonly given: null; readonly answer: WorkerMetrics };
  /** Send the decisions that match a query, with this number, until asked to stop. */
  follow: { readonly given: { readonly follower: number; readonly query: DecisionQuery }; readonly answer: null };
  unfollow: { readonly given: { readonly follower: number }; readonly answer: null };
  /** Recognize a request of `ajwtd doctor`, whose id is given. */
  addProbe: { readonly given: string; readonly answer: null };
  findProbe: { readonly given: string; readonly answer: readonly SeenRequest[] };
  /** Finish the requests in flight, and exit. The answer is the number of requests that were cut off. */
  stop: { readonly given: null; readonly answer: number };
}

export type Question = keyof Questions;

export type ToWorker =
  /** The answer to `hello`. */
  | { readonly kind: 'settings'; readonly settings: SentSettings }
  | {
      [Name in Question]: { readonly kind: Name; readonly id: number; readonly given: Questions[Name]['given'] };
    }[Question];

export type ToPrimary =
  /** A worker has started, and needs its settings. */
  | { readonly kind: 'hello' }
  /** A worker accepts requests. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'decisions'; readonly follower: number; readonly batch: DecisionBatch }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Questions[Question]['answer'] };
