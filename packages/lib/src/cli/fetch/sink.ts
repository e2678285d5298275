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

/** Opens a sink. @param path - `undefined` or `-` for standard output */
export function openSink(path: string | undefined, io: Io): Sink {
  return path === undefined || path === '-' ? standardOutput(io) : fileSink(path);
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

function fileSink(path: string): Sink {
  let file: FileHandle | undefined;
  const write = async (bytes: Uint8Array) => {
    try {
      file ??= await open(path, 'w');
      await file.writeFile(bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new CommandError(`-o: cannot write ${path}: ${code ?? 'unknown error'}`, WRITE_ERROR);
    }
  };
  return {
    write,
    async close() {
      await file?.close();
    },
  };
}
