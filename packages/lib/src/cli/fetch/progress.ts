/** Shows the progress of a transfer, in one line that is rewritten. */
import type { OutputStream } from 'ajwt-cli-kit/io';

/** Progress so far. */
export interface Amounts {
  /** Bytes sent or received. */
  readonly done: number;
  /** Bytes in total, if known. */
  readonly total: number | undefined;
  /** Seconds since the transfer started. */
  readonly seconds: number;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const time = [Math.floor(minutes / 60), minutes % 60, Math.floor(seconds % 60)];
  const [first = 0, ...rest] = time[0] === 0 ? time.slice(1) : time;
  return [first, ...rest.map((part) => String(part).padStart(2, '0'))].join(':');
}

/** Formats the line: `received 12.3 MB of 45.6 MB, 27 %, 3.4 MB/s, 0:09 left`. */
export function progressLine(verb: string, { done, total, seconds }: Amounts): string {
  const speed = seconds > 0 ? done / seconds : 0;
  const isKnown = total !== undefined && total > 0;
  return [
    `${verb} ${size(done)}${isKnown ? ` of ${size(total)}` : ''}`,
    ...(isKnown ? [`${Math.min(100, Math.floor((100 * done) / total))} %`] : []),
    ...(speed > 0 ? [`${size(speed)}/s`] : []),
    ...(isKnown && speed > 0 && done < total ? [`${clock(Math.ceil((total - done) / speed))} left`] : []),
  ].join(', ');
}

/** Receives the progress of a transfer. */
export interface Progress {
  sent(bytes: number, total: number | undefined): void;
  received(bytes: number, total: number | undefined): void;
  /** Prints the last line again, if a line was shown, and ends it. */
  end(): void;
}

/** Milliseconds between two updates. A transfer that ends before the first update shows nothing. */
const INTERVAL = 500;

/** Shows progress on a terminal. */
export function showProgress(stream: OutputStream): Progress {
  let verb = 'sent';
  let done = 0;
  let total: number | undefined;
  let began = performance.now();
  let shown = '';
  const draw = () => {
    if (done === 0) return;
    const line = progressLine(verb, { done, total, seconds: (performance.now() - began) / 1000 });
    // Spaces erase the rest of a longer line on every kind of terminal.
    stream.write(`\r${line.padEnd(shown.length)}`);
    shown = line;
  };
  const timer = setInterval(draw, INTERVAL).unref();
  const count = (now: string) => (bytes: number, all: number | undefined) => {
    if (verb !== now) [verb, done, began] = [now, 0, performance.now()];
    done += bytes;
    total = all;
  };
  return {
    sent: count('sent'),
    received: count('received'),
    end() {
      clearInterval(timer);
      if (shown === '') return;
      draw();
      stream.write('\n');
      shown = '';
    },
  };
}
