/**
 * Writes what is derived from the table of options of `ajwtd serve`: `node --conditions=source scripts/reference.ts` updates the table in
 * docs/REFERENCE.md and the schema packages/server/config.schema.json. Run it after a change of that table; a test compares both with it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileVariable } from 'ajwt-cli-kit/sources';
import { schemaOf } from '../packages/server/src/configuration/schema.ts';
import type { Setting } from '../packages/server/src/configuration/setting.ts';
import { SERVE_OPTIONS } from '../packages/server/src/serve-options.ts';

const PAGE = 'docs/REFERENCE.md';
const SCHEMA = 'packages/server/config.schema.json';
/** The table is between these comments. */
const TABLE = /(?<=<!-- options -->\n)[\s\S]*?(?=\n<!-- end of options -->)/;

/** Returns the content that both files should have, by path. */
export function references(): ReadonlyMap<string, string> {
  return new Map([
    [PAGE, readFileSync(PAGE, 'utf8').replace(TABLE, () => optionTable())],
    [SCHEMA, `${JSON.stringify(schemaOf(SERVE_OPTIONS), null, 2)}\n`],
  ]);
}

function optionTable(): string {
  const rows = Object.entries<Setting>(SERVE_OPTIONS).map(([name, setting]) => [
    `\`--${name} ${setting.value}\``,
    [setting.env, ...(setting.secret ? [fileVariable(setting.env)] : [])].map((one) => `\`${one}\``).join(', '),
    setting.members === undefined ? `\`${name}\`` : '–',
    setting.default === undefined ? '–' : `\`${setting.default}\``,
    setting.reloads ? 'yes' : 'no',
    setting.help.replace(/ \(default: [^)]*\)/, ''),
  ]);
  const heading = ['option', 'variable', 'member', 'default', 'reloads', 'meaning'];
  return [heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

if (import.meta.main) for (const [path, content] of references()) writeFileSync(path, content);
