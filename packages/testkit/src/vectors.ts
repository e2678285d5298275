/** Reads the files of test/vectors. The README there says where they come from. */
import { readdirSync, readFileSync } from 'node:fs';

const VECTORS = new URL('../../../test/vectors/', import.meta.url);

export function readVectorText(path: string): string {
  return readFileSync(new URL(path, VECTORS), 'utf8');
}

export function readVectors<T>(path: string): T {
  return JSON.parse(readVectorText(path)) as T;
}

export function listVectors(folder: string): string[] {
  return readdirSync(new URL(folder, VECTORS)).sort();
}
