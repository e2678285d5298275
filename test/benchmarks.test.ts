/** docs/BENCHMARKS.md shows what docs/benchmarks/results.json contains: nobody has edited a table or a chart by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readResults, report } from '../bench/report.ts';

const DOCS = join(import.meta.dirname, '../docs');
const page = readFileSync(join(DOCS, 'BENCHMARKS.md'), 'utf8');
const files = report(readResults(), page);

test.each([...files])('docs/%s shows the saved results', (file, content) => {
  expect(readFileSync(join(DOCS, file), 'utf8')).toBe(content);
});

test('every chart of the page is drawn from saved results', () => {
  const charts = [...page.matchAll(/\]\((benchmarks\/[^)]+\.svg)\)/g)].map(([, file]) => file);
  expect(charts.length).toBeGreaterThan(0);
  for (const file of charts) expect(files.keys()).toContain(file);
});
