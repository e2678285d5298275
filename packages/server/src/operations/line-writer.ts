/** Writes log lines in batches, without ever delaying a request. */
import { write, writeSync } from 'node:fs';

/** Writes lines. A line that cannot be written is dropped and counted. */
export interface LineWriter {
  /** @param line - one line, with its line break */
  write(line: string): void;
  /** Waits until all lines so far are written or dropped, for at most a second. */
  flush(): Promise<void>;
  /** Writes the waiting lines before the process exits. */
  flushSync(): void;
  /** Number of lines that were dropped so far. */
  readonly dropped: number;
}

/** Options of a writer. */
export interface LineWriterOptions {
  /** Called with the number of dropped lines, when lines can be written again. */
  readonly onDropped?: (lines: number) => void;
  /** Maximum bytes that wait; further lines are dropped. */
  readonly maxWaiting?: number;
}

/** Bytes after which the waiting lines are written at once. */
const BATCH = 8192;
/** Milliseconds after which they are written in any case. */
const INTERVAL = 100;
/** Milliseconds before another attempt, if a pipe is full. */
const PAUSE = 50;
/** A pipe keeps a write of this size whole, even if other processes write to it at the same time (POSIX PIPE_BUF on Linux). */
const MAX_WRITE = 4096;
/** Maximum milliseconds that `flush` waits. */
const FLUSH_PATIENCE = 1000;
/** Attempts of `flushSync` to write to a full pipe, with pauses of 10 ms. */
const LAST_ATTEMPTS = 20;

interface Chunk {
  text: string;
  bytes: number;
  lines: number;
}

/**
 * Makes a writer. The lines are written asynchronously, so a full disk or a stalled reader does not block the process.
 *
 * @param fd - file descriptor
 */
export function lineWriter(fd: number, { onDropped, maxWaiting = 1024 * 1024 }: LineWriterOptions = {}): LineWriter {
  const chunks: Chunk[] = [];
  /** Bytes in `chunks`. */
  let waiting = 0;
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  let reported = 0;
  let flushed: (() => void)[] = [];

  function drop(lines: number): void {
    dropped += lines;
  }

  function begin(): void {
    clearTimeout(timer);
    timer = undefined;
    if (isWriting) return;
    isWriting = true;
    next();
  }

  function next(): void {
    const chunk = chunks.shift();
    if (chunk === undefined) end();
    else {
      waiting -= chunk.bytes;
      put(Buffer.from(chunk.text), chunk.lines);
    }
  }

  function put(bytes: Buffer, lines: number): void {
    write(fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(put, PAUSE, bytes, lines).unref();
        return;
      }
      if (error === null && written < bytes.length) return put(bytes.subarray(written), lines);
      if (error !== null) drop(lines);
      else if (dropped > reported) {
        const more = dropped - reported;
        reported = dropped;
        onDropped?.(more);
      }
      next();
    });
  }

  function end(): void {
    isWriting = false;
    const waitingCallers = flushed;
    flushed = [];
    for (const done of waitingCallers) done();
  }

  return {
    write(line) {
      const bytes = Buffer.byteLength(line);
      if (waiting + bytes > maxWaiting) return drop(1);
      const last = chunks.at(-1);
      if (last !== undefined && last.bytes + bytes <= MAX_WRITE) {
        last.text += line;
        last.bytes += bytes;
        last.lines += 1;
      } else chunks.push({ text: line, bytes, lines: 1 });
      waiting += bytes;
      if (isWriting) return;
      if (waiting >= BATCH) begin();
      else timer ??= setTimeout(begin, INTERVAL).unref();
    },
    flush() {
      if (chunks.length === 0 && !isWriting) return Promise.resolve();
      return new Promise((resolve) => {
        const late = setTimeout(resolve, FLUSH_PATIENCE);
        flushed.push(() => {
          clearTimeout(late);
          resolve();
        });
        begin();
      });
    },
    flushSync() {
      let isWritable = true;
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        // After a chunk that could not be written, there is no time for others.
        isWritable = isWritable && writeAllSync(fd, Buffer.from(chunk.text));
        if (!isWritable) drop(chunk.lines);
      }
      waiting = 0;
    },
    get dropped() {
      return dropped;
    },
  };
}

/** Writes everything, waiting a little for a full pipe. @returns whether all bytes were written */
function writeAllSync(fd: number, bytes: Buffer): boolean {
  let rest = bytes;
  for (let attempt = 0; attempt < LAST_ATTEMPTS; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
      if (rest.length === 0) return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
      attempt += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return false;
}
