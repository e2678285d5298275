/** Limits the time of one attempt: for the connection, for the response, and in total. */
import { CommandError } from 'ajwt-cli-kit/command-error';
import { TIMED_OUT } from './exit-codes.ts';

/** Time limits in seconds; 0 means no limit. */
export interface TimeLimits {
  readonly total: number;
  /** From the start until the connection is ready to send, TLS and proxy included. */
  readonly connect: number;
  /** From the last byte sent until the response headers have arrived. */
  readonly response: number;
}

/** Defaults in seconds. The connection limit is the same as in curl; curl has no response limit. */
export const DEFAULT_CONNECT_LIMIT = 300;
export const DEFAULT_RESPONSE_LIMIT = 300;

/** Maximum delay of a Node timer, in seconds: 24 days. Node replaces longer delays with 1 ms. */
export const MAX_DELAY = 2_147_483;

/** The running limits of one attempt. */
export interface Deadlines {
  /** Aborts when a limit is exceeded. The reason is a CommandError with exit code 28. */
  readonly signal: AbortSignal;
  /** Starts the limit for a connection. */
  connecting(host: string): void;
  connected(): void;
  /** Starts the limit for a response; called when the whole request has been sent. */
  sent(host: string): void;
  answered(): void;
  /** Ends all limits. */
  end(): void;
}

/** Starts the limits of one attempt. @param received - returns the number of body bytes received, for the message */
export function startDeadlines(limits: TimeLimits, host: string, received: () => number): Deadlines {
  const controller = new AbortController();
  let step: NodeJS.Timeout | undefined;
  const after = (seconds: number, message: () => string) =>
    seconds === 0
      ? undefined
      : setTimeout(() => controller.abort(new CommandError(message(), TIMED_OUT)), Math.min(seconds, MAX_DELAY) * 1000);
  const total = after(limits.total, () => {
    const bytes = received();
    return `${host}: not finished within ${limits.total} s (--max-time), with ${bytes} ${bytes === 1 ? 'byte' : 'bytes'} received`;
  });
  const next = (seconds: number, message: string) => {
    clearTimeout(step);
    step = after(seconds, () => message);
  };
  return {
    signal: controller.signal,
    connecting: (to) => next(limits.connect, `${to}: no connection within ${limits.connect} s (--connect-timeout)`),
    connected: () => clearTimeout(step),
    sent: (to) =>
      next(
        limits.response,
        `${to}: no response within ${limits.response} s after the request was sent (--response-timeout)`,
      ),
    answered: () => clearTimeout(step),
    end() {
      clearTimeout(step);
      clearTimeout(total);
    },
  };
}
