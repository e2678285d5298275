/** `npm run chaos` runs five rounds of every fault, `npm run chaos -- NAME…` of some faults. `--short` runs one round of a few faults. */
import { parseArgs } from 'node:util';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults.ts';
import { tableOf } from './report.ts';
import { type FaultReport, runFault } from './runner.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
  },
});
const rounds = Number(values.rounds ?? (values.short ? 1 : 5));
const unknown = positionals.filter(
  (name) => !FAULTS.some((fault) => fault.name === name || fault.name.startsWith(`${name}-`)),
);
if (unknown.length > 0 || !(rounds >= 1)) {
  console.error(
    `no such fault: ${unknown.join(' ')}; there are\n${FAULTS.map(({ name, what }) => `${name}: ${what}`).join('\n')}`,
  );
  process.exit(2);
}
const wanted = FAULTS.filter(({ name, short }) =>
  positionals.length > 0
    ? positionals.some((one) => name === one || name.startsWith(`${one}-`))
    : !values.short || short === true,
);

// Exit normally, so that exit listeners stop all servers.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => process.exit(130));

const reports: FaultReport[] = [];
const leftOut: string[] = [];
let failed = false;
const waiting = [...wanted];

async function runOne(fault: Fault): Promise<void> {
  const why = fault.missing?.();
  if (why !== undefined) {
    leftOut.push(`${fault.name} (${why})`);
    return;
  }
  console.log(`${fault.name}: ${fault.what}`);
  try {
    const report = await runFault(fault, rounds, console.log);
    reports.push(report);
    failed ||= report.failures.length > 0;
    for (const failure of report.failures) console.log(`${fault.name}: FAILED: ${failure}`);
  } catch (error) {
    failed = true;
    console.log(`${fault.name}: FAILED: ${(error as Error).message}`);
  }
}

async function runInTurn(): Promise<void> {
  for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) await runOne(fault);
}
await Promise.all(Array.from({ length: Number(values['at-once']) }, runInTurn));
reports.sort((a, b) => orderOf(a) - orderOf(b));

console.log(`\n${tableOf(reports)}\n`);
if (leftOut.length > 0) console.log(`skipped: ${leftOut.join(', ')}`);
if (values.short) {
  const rest = FAULTS.filter((fault) => !wanted.includes(fault)).map(({ name }) => name);
  console.log(`only \`npm run chaos\` runs: ${rest.join(', ')}`);
}
console.log(failed ? 'FAILED' : 'no token was accepted twice, except in the documented cases');
process.exit(failed ? 1 : 0);

function orderOf({ name }: FaultReport): number {
  return FAULTS.findIndex((fault) => fault.name === name);
}
