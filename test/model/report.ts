/** Formats results as in spec/REPLAY_MODEL.md. */
import type { Checked } from './model.ts';
import type { Variant } from './variants.ts';

const count = (number: number) => number.toLocaleString('en').replaceAll(',', ' ');

/** Formats a row of the table of safe rules. */
export function row({ name, scenario }: Variant, { states, steps, longestLockOut }: Checked): string {
  return `| ${name} | ${scenario} | ${count(states)} | ${count(steps)} | ${longestLockOut} |`;
}

/** Formats a counterexample. */
export function counterexample({ name, scenario }: Variant, { found }: Checked): string {
  const lines = shorten(found?.trace.slice(1) ?? []);
  return `### ${name[0]?.toUpperCase()}${name.slice(1)}\n\nScenario “${scenario}”: ${found?.what}.\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`;
}

function shorten(trace: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < trace.length; ) {
    const action = trace[at] as string;
    let times = 1;
    while (trace[at + times] === action) times++;
    lines.push(times === 1 ? action : `${action}, ${times} times`);
    at += times;
  }
  return lines;
}
