/** What spec/REPLAY_MODEL.md says of what was run. */
import type { Checked } from './model.ts';
import type { Variant } from './variants.ts';

const count = (number: number) => number.toLocaleString('en').replaceAll(',', ' ');

/** A row of the table of what was found safe. */
export function row({ name, scenario }: Variant, { states, steps, longestLockOut }: Checked): string {
  return `| ${name} | ${scenario} | ${count(states)} | ${count(steps)} | ${longestLockOut} |`;
}

/** A counterexample. */
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
