/** Decides whether to try again, for `--retry`. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { BAD_PROXY_HOST, CANNOT_CONNECT, CANNOT_RESOLVE, TIMED_OUT } from './exit-codes.ts';
import { MAX_DELAY } from './limits.ts';
import { readCount, readSeconds } from './numbers.ts';
import type { FetchValues } from './prepare.ts';

/** How an attempt ended. */
export interface Ending {
  readonly exitCode: number;
  /** 0 if there was no response. */
  readonly status: number;
  /** Value of the Retry-After header. */
  readonly retryAfter: string | undefined;
  /** Whether the server refused the token: the request did not reach the application. */
  readonly isRefusal: boolean;
  readonly method: string;
  /** Whether no part of the request was sent. */
  readonly isUnsent: boolean;
  /** Whether the request can be sent again. The bytes of a pipe cannot. */
  readonly isRepeatable: boolean;
}

/** Statuses and exit codes that curl tries again. */
const STATUSES = [408, 429, 500, 502, 503, 504];
const EXIT_CODES = [BAD_PROXY_HOST, CANNOT_RESOLVE, TIMED_OUT];

/** Methods that must not be repeated after the application may have received them (RFC 9110 §9.2.2). */
const NOT_IDEMPOTENT = ['POST', 'PATCH'];

/** Maximum wait in seconds. */
const MAX_WAIT = 600;

/** Decides whether to repeat the attempts of one command. */
export class Retries {
  /** Retries left. */
  left: number;
  readonly #delay: number;
  readonly #maxTime: number;
  readonly #all: boolean;
  readonly #refused: boolean;
  readonly #began = performance.now();
  #wait = 1;

  constructor(values: FetchValues) {
    this.left = readCount('--retry', values.retry, 0);
    this.#delay = readSeconds('--retry-delay', values['retry-delay'], 0);
    this.#maxTime = readSeconds('--retry-max-time', values['retry-max-time'], 0);
    this.#all = values['retry-all-errors'];
    this.#refused = values['retry-connrefused'];
    if (this.#all && values.retry === undefined) throw new CommandError('--retry-all-errors needs --retry');
  }

  /** Decides whether to repeat one attempt. @returns the seconds to wait before the next one; `undefined` to stop */
  next(ending: Ending): number | undefined {
    if (this.left === 0 || !ending.isRepeatable || !this.#isTransient(ending) || !this.#isSafe(ending))
      return undefined;
    const due = readRetryAfter(ending.retryAfter) ?? (this.#delay > 0 ? this.#delay : this.#wait);
    const wait = Math.min(due, MAX_DELAY);
    const elapsed = (performance.now() - this.#began) / 1000;
    if (this.#maxTime > 0 && elapsed + wait > this.#maxTime) return undefined;
    this.#wait = Math.min(this.#wait * 2, MAX_WAIT);
    this.left -= 1;
    return wait;
  }

  #isTransient({ exitCode, status, isRefusal, retryAfter }: Ending): boolean {
    if (STATUSES.includes(status) || EXIT_CODES.includes(exitCode)) return true;
    if (isRefusal && retryAfter !== undefined) return true;
    return (this.#all && exitCode !== 0) || (this.#refused && exitCode === CANNOT_CONNECT);
  }

  #isSafe({ method, isUnsent, isRefusal, retryAfter }: Ending): boolean {
    return this.#all || !NOT_IDEMPOTENT.includes(method) || isUnsent || (isRefusal && retryAfter !== undefined);
  }
}

/** Reads Retry-After (RFC 9110 §10.2.3): seconds or a date. */
function readRetryAfter(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  const date = Date.parse(given);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}
