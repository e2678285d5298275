/** Writes the response to standard output, or to a file that the first write creates, even an empty one. */
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { CommandError } from 'ajwt-cli-kit/command-error';
import type { Io } from 'ajwt-cli-kit/io';
import { WRITE_ERROR } from './exit-codes.ts';

/** A destination for bytes. */
export interface Sink {
  /** Writes bytes. @returns a promise that resolves when more can be written */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Where to write. */
export interface Destination {
  /** `undefined` or `-` for standard output. */
  readonly path: string | undefined;
  /** The option that names the file, for messages. */
  readonly option: '-o' | '-O' | '-D';
}

/** Opens a sink. `-O` never overwrites a file. */
export function openSink({ path, option }: Destination, io: Io): Sink {
  return path === undefined || path === '-' ? standardOutput(io) : fileSink(path, option);
}

const LINE_END = 0x0a;

function standardOutput({ stdout, stderr }: Io): Sink {
  let last: number | undefined = LINE_END;
  return {
    async write(bytes) {
      if (bytes.length > 0) last = bytes.at(-1);
      if (!stdout.write(bytes)) await once(stdout, 'drain');
    },
    async close() {
      // On a terminal, the next message or prompt starts on a new line.
      if (last !== LINE_END && stdout.isTTY) stderr.write('\n');
    },
  };
}

function fileSink(path: string, option: Destination['option']): Sink {
  let file: FileHandle | undefined;
  const write = async (bytes: Uint8Array) => {
    try {
      file ??= await open(path, option === '-O' ? 'wx' : 'w');
      await file.writeFile(bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw fileExists(path);
      throw new CommandError(`${option}: cannot write ${path}: ${code ?? 'unknown error'}`, WRITE_ERROR);
    }
  };
  return {
    write,
    async close() {
      await file?.close();
    },
  };
}

/** Returns the error for `-O` if the file exists. */
export function fileExists(path: string): CommandError {
  return new CommandError(`-O: ${path} exists, and -O never overwrites a file; give -o FILE`, WRITE_ERROR);
}
