/** Chooses the file name for `-O` and `-J`. A server must not choose the folder, a hidden file, or an existing file. */
import { access } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { WRITE_ERROR } from './exit-codes.ts';
import { fileExists } from './sink.ts';

/** Returns the name that the path of a URL ends with. @throws CommandError with exit code 23 if it cannot be used */
export function nameInUrl({ pathname }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  if (name === '')
    throw new CommandError('-O: the URL does not end with the name of a file; give -o FILE', WRITE_ERROR);
  return checked(name);
}

/** Returns the name in the Content-Disposition header (RFC 6266); `undefined` if there is none. */
export function nameInResponse({ headers }: IncomingMessage): string | undefined {
  const disposition = headers['content-disposition'] ?? '';
  const [, quoted, bare] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(`;${disposition}`) ?? [];
  const given = quoted?.replace(/\\(.)/g, '$1') ?? bare;
  if (given === undefined) return undefined;
  // Node decodes headers as Latin-1.
  const name = Buffer.from(given, 'latin1')
    .toString()
    .replace(/^.*[/\\]/s, '');
  return name === '' ? undefined : checked(name);
}

function checked(name: string): string {
  // Control characters, with U+0080 to U+009F, could control the terminal when the name is printed.
  if (/^\.|\p{Cc}/u.test(name)) {
    throw new CommandError(
      `-O: the name of the file ${name.startsWith('.') ? 'begins with a dot' : 'contains control characters'}; give -o FILE`,
      WRITE_ERROR,
    );
  }
  return name;
}

/** Throws if a file exists, before anything is sent. */
export async function refuseExistingFile(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) throw fileExists(path);
}
