/** Draws charts as SVG. They follow the reader's light or dark theme. */

/** Colors by role, for light and dark pages. */
const STYLE = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.a { fill: #afb8c1; stroke: #afb8c1 } .b { fill: #0969da; stroke: #0969da } .c { fill: #bf8700; stroke: #bf8700 }
.line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d }
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
  const [left, right, top, step] = [230, 60, 62, 26];
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

/** A line through points. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

/** Draws lines over a logarithmic x axis and a linear y axis that begins at zero. */
export function lineChart({ title, unit, lines }: LineChart): string {
  const [left, right, top, height] = [60, 30, 70, 180];
  const points = lines.flatMap((line) => line.points);
  const sizes = [...new Set(points.map(([x]) => x))].sort((one, other) => one - other);
  const [least = 1, largest = 1] = [sizes[0], sizes.at(-1)];
  const most = roundUp(Math.max(...points.map(([, y]) => y)));
  const atX = (x: number) => tenths(left + (Math.log(x / least) / Math.log(largest / least)) * (WIDTH - left - right));
  const atY = (y: number) => tenths(top + height - (y / most) * height);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const y = atY(part * most);
    const line = `<line class="grid" x1="${left}" x2="${WIDTH - right}" y1="${y}" y2="${y}"/>`;
    return `${line}<text class="small" x="${left - 8}" y="${Number(y) + 4}" text-anchor="end">${part * most}</text>`;
  });
  const labels = sizes.map(
    (x) =>
      `<text class="small" x="${atX(x)}" y="${top + height + 18}" text-anchor="middle">${x.toLocaleString('en')}</text>`,
  );
  const drawn = lines.map(({ points: own }, index) => {
    const color = COLORS[index + 1];
    const path = own.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${atX(x)} ${atY(y)}`).join(' ');
    const dots = own.map(([x, y]) => `<circle class="${color}" cx="${atX(x)}" cy="${atY(y)}" r="3"/>`);
    return `<path class="line ${color}" style="fill: none" d="${path}"/>${dots.join('')}`;
  });
  const legend = ['', ...lines.map(({ name }) => name)];
  return page(top + height + 30, title, unit, legend, [...grid, ...labels, ...drawn]);
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

/** Rounds up to 1, 2, 4 or 8 times a power of ten, so that a quarter of it is a short number. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 8, 10].find((step) => step * power >= value) ?? 10);
}

function tenths(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
