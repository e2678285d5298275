/** Where the answer goes: standard output, or a file that is made with the first write, be it of nothing. */
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { WRITE_ERROR } from './exit-codes.ts';

/** Takes bytes as fast as they can be written. */
export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** @param path - `undefined` or `-` for standard output */
export function openSink(path: string | undefined): Sink {
  return path === undefined || path === '-' ? standardOutput() : fileSink(path);
}

const LINE_END = 0x0a;

function standardOutput(): Sink {
  let last: number | undefined = LINE_END;
  return {
    async write(bytes) {
      if (bytes.length > 0) last = bytes.at(-1);
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
    },
    async close() {
      // Only for the eye: what is said next, or the prompt, begins on a line of its own.
      if (last !== LINE_END && process.stdout.isTTY) process.stderr.write('\n');
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
