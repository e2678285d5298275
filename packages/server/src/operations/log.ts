/** The log: JSON lines, or readable ones on a terminal. */
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { type Logger, pino } from 'pino';
import type { LogLevel } from '../serve-options.ts';
import { type LineWriter, lineWriter } from './line-writer.ts';
import { outputDescriptor } from './output.ts';

/**
 * Makes the log.
 *
 * @param level - lowest level that is logged
 * @param stream - where to write; a terminal gets readable lines
 */
export function createLog(level: LogLevel, stream: NodeJS.WriteStream = process.stdout): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const labels = { formatters: { level: (label: string) => ({ level: label }) } };
  return pino({ ...options, ...labels }, stream.isTTY ? readable(stream) : standardOutput());
}

/**
 * Makes the writer of the access log, which writes the same kind of lines to the same place as the log.
 *
 * @param log - gets the number of lines that could not be written
 */
export function createLineWriter(log: Logger, stream: NodeJS.WriteStream = process.stdout): LineWriter {
  if (!stream.isTTY) {
    return lineWriter(outputDescriptor(), {
      onDropped: (lines) => log.warn({ lines }, 'lines of the access log could not be written'),
    });
  }
  const output = readable(stream);
  return { write: (line) => output.write(line), flush: async () => {}, flushSync: () => {}, dropped: 0 };
}

/** Maximum bytes of lines that wait to be written; further lines are lost. */
const MOST_WAITING = 1024 * 1024;

/** If the log cannot be written, for example because the disk is full or a pipe has no reader, requests are still decided and the process keeps running. */
function standardOutput() {
  const destination = pino.destination({
    fd: outputDescriptor(),
    sync: true,
    maxLength: MOST_WAITING,
    // A full pipe: try again with the next line.
    retryEAGAIN: () => false,
  });
  destination.on('error', () => {});
  return destination;
}

const COLOURS: Readonly<Record<string, 'dim' | 'green' | 'yellow' | 'red'>> = {
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
};

/** `12:30:59 info  refused  reason=replayed username=guido`: a JSON line in readable form. */
export function lineForPeople(
  json: string,
  colour: (style: 'dim' | 'green' | 'yellow' | 'red', text: string) => string,
): string {
  const { level, time, msg, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const members = Object.entries(rest).map(([name, value]) => `${name}=${readableValue(value)}`);
  const head = `${colour('dim', String(time).slice(11, 19))} ${colour(COLOURS[String(level)] ?? 'dim', String(level).padEnd(5))}`;
  return `${[head, String(msg), ...members.map((member) => colour('dim', member))].join(' ')}\n`;
}

function readableValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function readable(stream: NodeJS.WriteStream): Writable {
  const colour = (style: 'dim' | 'green' | 'yellow' | 'red', text: string) => styleText(style, text, { stream });
  return new Writable({
    write(chunk, _encoding, done) {
      stream.write(lineForPeople(String(chunk), colour), done);
    },
  });
}
