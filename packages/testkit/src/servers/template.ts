/** New data folders of database servers, made once for each version of a server and then copied. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mustRun } from '../run.ts';

/** The templates are kept after the tests, so that only the first run makes them. */
const TEMPLATES = resolve(import.meta.dirname, '../../../../node_modules/.cache/ajwt-databases');

/**
 * Puts a new data folder at a path.
 *
 * @param program - program that makes the folder; each version has its own template
 * @param path - where the folder is to be
 * @param make - makes a new folder there, if there is no template yet
 */
export async function copyTemplate(program: string, path: string, make: () => Promise<unknown>): Promise<void> {
  const { mtimeMs, size } = statSync(program);
  // The locale and the time zone become defaults of the server.
  const { LANG, LC_ALL, TZ } = process.env;
  const facts = [program, mtimeMs, size, process.getuid?.(), LANG, LC_ALL, TZ];
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex');
  const template = join(TEMPLATES, name);
  if (existsSync(template)) {
    await copy(template, path);
    return;
  }
  await make();
  // Several processes may do this at once: the first one to finish provides the template.
  const unfinished = join(TEMPLATES, `${name}.${randomUUID()}`);
  mkdirSync(TEMPLATES, { recursive: true });
  try {
    await copy(path, unfinished);
    if (!existsSync(template)) renameSync(unfinished, template);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Copies a folder with its owners. */
async function copy(from: string, to: string): Promise<void> {
  await mustRun('cp', ['-a', from, to]);
}
