/** Checks docs/CLI.md's table of supported and refused curl options. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FETCH_OPTIONS } from '../../src/cli/fetch/options.ts';
import { REFUSED_OPTIONS } from '../../src/cli/fetch/refused.ts';
import { IDENTITY_OPTIONS } from '../../src/cli/identity.ts';

const page = readFileSync('docs/CLI.md', 'utf8');
const table = page.slice(page.indexOf('| curl | here |'), page.indexOf('The differences:'));
const named = new Set([...table.matchAll(/`(-[^`\s]+)`/g)].map(([, option]) => option));
/** Options that curl does not have. */
const OWN = [...Object.keys(IDENTITY_OPTIONS), 'bind', 'audience'];

test.each(Object.entries(FETCH_OPTIONS).filter(([name]) => !OWN.includes(name)))('names --%s', (name, option) => {
  const short = 'short' in option ? [`-${option.short}`] : [];
  expect([`--${name}`, ...short].some((one) => named.has(one))).toBe(true);
});

test('names the options that are refused, and no option that does not exist', () => {
  const known = Object.entries(FETCH_OPTIONS).flatMap(([name, option]) => [
    `--${name}`,
    ...('short' in option ? [`-${option.short}`] : []),
  ]);
  const refused = Object.keys(REFUSED_OPTIONS);
  expect([...named].filter((one) => !known.includes(one as string) && !refused.includes(one as string))).toEqual([]);
  for (const option of ['--cert', '-u', '-C', '-Z', '--next', '--location-trusted']) expect(named).toContain(option);
});
