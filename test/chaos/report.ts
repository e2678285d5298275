/** Formats the results of a run as a table. */
import type { FaultReport } from './runner.ts';

const COLUMNS: readonly (readonly [title: string, cell: (report: FaultReport) => string | number])[] = [
  ['fault', ({ name }) => name],
  ['rounds', ({ rounds }) => rounds],
  ['timed', ({ timed }) => timed],
  ['requests', ({ requests }) => requests],
  ['200', ({ accepted }) => accepted],
  ['401', ({ refused }) => refused],
  ['429', ({ limited }) => limited],
  ['503', ({ unavailable }) => unavailable],
  ['cut', ({ cut }) => cut],
  ['silent', ({ silent }) => silent],
  ['doubles', ({ doubles }) => doubles.length],
  ['remainder', ({ remainder }) => remainder.length],
  ['slowest response, s', ({ slowest }) => slowest.toFixed(2)],
  ['worst recovery, s', ({ timed, recovery }) => (timed === 0 ? '–' : recovery.toFixed(2))],
  ['last refusal, s', ({ timed, lockOut }) => (timed === 0 ? '–' : lockOut.toFixed(2))],
];

export function tableOf(reports: readonly FaultReport[]): string {
  const head = `| ${COLUMNS.map(([title]) => title).join(' | ')} |`;
  const line = `|${COLUMNS.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`;
  return [head, line, ...reports.map((report) => `| ${COLUMNS.map(([, cell]) => cell(report)).join(' | ')} |`)].join(
    '\n',
  );
}
