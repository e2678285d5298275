/** Draws charts as SVG. They follow the reader's light or dark theme. */

/** Colors by role, for light and dark pages. */
const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.title { font-size: 15px; font-weight: 600 }
.a { fill: #afb8c1; stroke: #afb8c1 } .b { fill: #0969da; stroke: #0969da } .c { fill: #bf8700; stroke: #bf8700 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 }
  .a { fill: #656c76; stroke: #656c76 } .b { fill: #4493f8; stroke: #4493f8 } .c { fill: #d29922; stroke: #d29922 }
}
</style>`;
const COLORS = ['a', 'b', 'c'] as const;

/** A bar, as the lengths of its parts. */
export interface Bar {
  readonly name: string;
  readonly parts: readonly number[];
  /** Shown in bold. */
  readonly isOurs: boolean;
}

export interface BarChart {
  readonly title: string;
  readonly unit: string;
  /** Names of the parts. */
  readonly legend: readonly string[];
  readonly bars: readonly Bar[];
  /** The end of the scale. A longer bar is cut, and its number tells its length. */
  readonly most: number;
}

const WIDTH = 760;

export function barChart({ title, unit, legend, bars, most }: BarChart): string {
  const [left, right, top, step] = [290, 60, 62, 26];
  const scale = (value: number) => (Math.min(value, most) / most) * (WIDTH - left - right);
  const rows = bars.map(({ name, parts, isOurs }, index) => {
    const y = top + index * step;
    const sum = parts.reduce((total, part) => total + part, 0);
    let from = 0;
    const boxes = parts.map((part, color) => {
      const [x, end] = [scale(from), scale(from + part)];
      from += part;
      return `<rect class="${COLORS[color]}" x="${tenths(left + x)}" y="${y}" width="${tenths(end - x)}" height="16"/>`;
    });
    const weight = isOurs ? ' style="font-weight: 600"' : '';
    const label = `<text x="${left - 8}" y="${y + 13}" text-anchor="end"${weight}>${escaped(name)}</text>`;
    const value = `<text x="${tenths(left + scale(sum) + 6)}" y="${y + 13}"${weight}>${Math.round(sum)}</text>`;
    return [label, ...boxes, value].join('\n');
  });
  return page(top + bars.length * step + 8, title, unit, legend, rows);
}

function page(
  height: number,
  title: string,
  unit: string,
  legend: readonly string[],
  content: readonly string[],
): string {
  let x = 10;
  const keys = legend.flatMap((name, index) => {
    if (name === '') return [];
    const at = x;
    x += 26 + name.length * 6.6;
    return [
      `<rect class="${COLORS[index]}" x="${at}" y="34" width="12" height="12"/><text class="small" x="${at + 17}" y="44">${escaped(name)}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    STYLE,
    `<text class="title" x="10" y="20">${escaped(title)}</text>`,
    `<text class="small" x="${WIDTH - 10}" y="20" text-anchor="end">${escaped(unit)}</text>`,
    ...keys,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function tenths(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
