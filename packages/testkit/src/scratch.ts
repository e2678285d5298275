import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes a temporary folder, which is deleted after the tests of the file. @returns the path of a file in it, by name */
export function scratch(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}
