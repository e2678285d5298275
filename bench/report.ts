/** Writes the saved results of `http` into docs/BENCHMARKS.md, as tables and charts: `npm run bench report`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpResults } from './http.ts';
import { barChart } from './svg.ts';

/** Results, as they are saved in docs/benchmarks/results.json. */
export interface Results {
  /** By type of key. */
  readonly http: Readonly<Record<string, HttpResults>>;
}

const DOCS = join(import.meta.dirname, '../docs');
const RESULTS = join(DOCS, 'benchmarks/results.json');
const PAGE = join(DOCS, 'BENCHMARKS.md');

export function readResults(): Results {
  return JSON.parse(readFileSync(RESULTS, 'utf8'));
}

/** Replaces some of the saved results, and writes the report. */
export function saveResults(change: (results: Results) => Results): void {
  writeFileSync(RESULTS, `${JSON.stringify(change(readResults()), null, 1)}\n`);
  writeReport();
}

export function writeReport(): void {
  mkdirSync(join(DOCS, 'benchmarks'), { recursive: true });
  for (const [file, content] of report(readResults(), readFileSync(PAGE, 'utf8')))
    writeFileSync(join(DOCS, file), content);
}

/** Returns the content of each file of the report, by its path in docs. */
export function report({ http }: Results, page: string): Map<string, string> {
  const files = new Map<string, string>();
  let text = page;
  for (const [kind, results] of Object.entries(http)) {
    const file = `benchmarks/http-${kind.replaceAll(/[^\w-]+/g, '-')}.svg`;
    files.set(file, httpChart(kind, results));
    text = withSection(text, `http ${kind}`, httpTable(results));
  }
  files.set('BENCHMARKS.md', text);
  return files;
}

/** Replaces the text between two comments of the page. @throws Error if the page lacks them */
function withSection(page: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/BENCHMARKS.md has no section ${name}`);
  return `${page.slice(0, from + start.length)}\n${content}\n${page.slice(to)}`;
}

const FRAMEWORKS: Readonly<Record<string, string>> = {
  node: 'node:http',
  express: 'Express',
  fastify: 'Fastify',
  hono: 'Hono',
  django: 'Django',
};

/** Returns `Express + jose + Map` for `express/jose + Map`. */
function titleOf(name: string): string {
  const [framework = '', how = ''] = name.split(/\/(.*)/);
  const title = FRAMEWORKS[framework] as string;
  return how === 'plain' ? title : `${title} + ${how.replace('ours', 'asymmetric-jwt-auth')}`;
}

export function httpTable({ rows }: HttpResults): string {
  const lines = rows.map(({ name, cpu, ofBound, rate, p50, p99, rss }) =>
    [
      titleOf(name),
      cpu.toFixed(cpu < 1000 ? 1 : 0),
      ofBound?.toFixed(2) ?? '–',
      Math.round(rate),
      p50.toFixed(2),
      p99.toFixed(2),
      rss.toFixed(0),
    ].join(' | '),
  );
  return [
    '| server | CPU, µs a request | of its bound | requests/s | p50, ms | p99, ms | RSS, MB |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...lines.map((line) => `| ${line} |`),
    '',
  ].join('\n');
}

function httpChart(kind: string, { verify, rows }: HttpResults): string {
  const cpuOf = (name: string) => rows.find((row) => row.name === name)?.cpu;
  const bars = rows.map(({ name, cpu }) => {
    const plain = cpuOf(`${name.split('/')[0]}/plain`) ?? 0;
    const isPlain = name.endsWith('/plain');
    const rest = Math.max(0, cpu - plain - verify);
    const parts = isPlain ? [cpu] : [Math.min(plain, cpu), Math.min(verify, Math.max(0, cpu - plain)), rest];
    return { name: titleOf(name), parts, isOurs: name.endsWith('/ours') };
  });
  const onNode = rows.filter(({ name }) => !name.startsWith('django/'));
  return barChart({
    title: `CPU time of a request over HTTP: ${kind}`,
    unit: 'µs, shorter is better',
    legend: ['framework', 'one bare crypto.verify', 'the rest'],
    bars,
    most: Math.max(...onNode.map(({ cpu }) => cpu)),
  });
}
